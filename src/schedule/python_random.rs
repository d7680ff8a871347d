//! Python's `random.Random(text)`, as far as `shuffle` needs it, bit for bit.
//! The Mersenne Twister comes from `rand_mt`; how Python turns a text into its key and its
//! output into a draw below n is here (vectors: python_shuffle).

use rand_mt::Mt;
use sha2::{Digest, Sha512};

/// Longest seed text in bytes: with the digest it fills the 624 words of the generator, and the
/// seeding of `rand_mt` reads no further. A block hash has 66.
pub(super) const LONGEST_SEED: usize = 624 * 4 - 64;

pub(super) struct PythonRandom(Mt);

impl PythonRandom {
    /// The seed counts exactly as written; what lies beyond [`LONGEST_SEED`] bytes is not read.
    pub(super) fn seeded(text: &str) -> Self {
        let text = &text.as_bytes()[..text.len().min(LONGEST_SEED)];
        Self(Mt::new_with_key(key_words(text)))
    }

    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            // more than 2^32 entries do not occur: the generator draws 32 bits
            list.swap(last, self.below(last as u32 + 1) as usize);
        }
    }

    /// A draw below `n`, for n of at least 1: numbers of n's own bit length until one fits.
    fn below(&mut self, n: u32) -> u32 {
        loop {
            let drawn = self.0.next_u32() >> n.leading_zeros();
            if drawn < n {
                return drawn;
            }
        }
    }
}

/// The text and its SHA-512 as one big-endian integer, cut into words, the lowest first.
fn key_words(text: &[u8]) -> Vec<u32> {
    let number = [text, &Sha512::digest(text)].concat();
    let mut words: Vec<u32> = number
        .rchunks(4)
        .map(|bytes| {
            bytes
                .iter()
                .fold(0, |word, byte| word << 8 | u32::from(*byte))
        })
        .collect();
    while words.len() > 1 && words.last() == Some(&0) {
        words.pop();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_begins_with_the_end_of_the_digest_and_ends_with_the_start_of_the_text() {
        let words = key_words(b"0x12345");
        let digest = Sha512::digest(b"0x12345");
        assert_eq!(words[0].to_be_bytes(), digest[60..]);
        assert_eq!(words.len(), 18);
        assert_eq!(words[17], u32::from_be_bytes([0, b'0', b'x', b'1']));
    }

    #[test]
    fn a_text_of_any_length_seeds() {
        let mut long = PythonRandom::seeded(&"x".repeat(10_000));
        assert!(long.below(7) < 7);
        assert_eq!(PythonRandom::seeded("").below(1), 0);
    }
}
