//! Inputs made from others: bits flipped, parts taken away, repeated and mixed. The same ones in
//! every run, so that a failure can be had again.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

/// Texts that parsers trip over.
const TOKENS: [&[u8]; 14] = [
    b"0",
    b"-1",
    b"1e400",
    b"9223372036854775808",
    b"18446744073709551616",
    b"null",
    b"\"\"",
    b"[[[[",
    b"{\"\":",
    b"\\ud800",
    b"\xef\xbb\xbf",
    b"\xff\xff\xff\xff",
    b"\r\n\r\n",
    "\u{2028}\u{9b}".as_bytes(),
];
const LONGEST: usize = 64 * 1024;

pub(super) struct Mutator {
    inputs: Vec<Vec<u8>>,
    random: StdRng,
}

impl Mutator {
    /// `inputs` are not empty.
    pub(super) fn new(inputs: Vec<Vec<u8>>) -> Self {
        Self {
            inputs,
            random: StdRng::seed_from_u64(42),
        }
    }

    /// One input with one to four changes.
    pub(super) fn next(&mut self) -> Vec<u8> {
        let mut input = self.any();
        for _ in 0..self.random.random_range(1..=4) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn any(&mut self) -> Vec<u8> {
        self.inputs
            .choose(&mut self.random)
            .cloned()
            .unwrap_or_default()
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let (from, to) = self.range(input.len());
        match self.random.random_range(0..8) {
            0 if from < to => input[from] ^= 1 << self.random.random_range(0..8),
            1 if from < to => input[from] = self.random.random(),
            2 => drop(input.drain(from..to)),
            3 => input.truncate(from),
            4 => {
                let times = self.random.random_range(1..=64);
                let part = input[from..to].repeat(times);
                input.splice(to..to, part);
            }
            5 => {
                let other = self.any();
                let (begin, end) = self.range(other.len());
                input.splice(from..to, other[begin..end].iter().copied());
            }
            6 => {
                let token = TOKENS.choose(&mut self.random).copied().unwrap_or_default();
                input.splice(from..from, token.iter().copied());
            }
            _ => {
                let token = TOKENS.choose(&mut self.random).copied().unwrap_or_default();
                input.splice(from..to, token.iter().copied());
            }
        }
    }

    /// A part of so many bytes, mostly a short one.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let from = self.random.random_range(0..=length);
        let most = if self.random.random() { 8 } else { length };
        let to = self
            .random
            .random_range(from..=length.min(from.saturating_add(most)));
        (from, to)
    }
}
