//! Which validators run a batch in a cycle, and in which order.
//! Every validator must come to the same answer from the same metagraph and block hash
//! (spec: schedule, "Order of the validators").

use std::cmp::Reverse;

use super::python_random::PythonRandom;
use crate::keys::Hotkey;

/// Stake of a validator that takes part, in rao: 1000 TAO.
pub const MIN_STAKE_RAO: u64 = 1_000 * 1_000_000_000;

/// At most so many validators run in one cycle.
pub const MAX_VALIDATORS: usize = 24;

/// `5HBVrFGy6oYhhh71m9fFGYD7zbKyAeHnWN8i8s9fJTBMCtEE`: takes part whatever its stake.
pub const ALWAYS_TAKES_PART: Hotkey = Hotkey::new([
    0xe2, 0x5b, 0x77, 0x0b, 0x15, 0x45, 0x6d, 0x20, 0xaa, 0xf8, 0x44, 0x04, 0x4f, 0xf4, 0x18, 0xab,
    0x7c, 0x47, 0xe6, 0x16, 0xb4, 0x96, 0x54, 0x48, 0x46, 0x1d, 0x70, 0xfc, 0x98, 0x27, 0xfa, 0x7d,
]);

/// The hotkeys of a cycle's validators before the shuffle, by descending stake.
/// `neurons` are hotkey and stake in rao, in metagraph order, at block `cycle.start`.
pub fn validators(neurons: impl IntoIterator<Item = (Hotkey, u64)>) -> Vec<Hotkey> {
    let mut validators: Vec<(Hotkey, u64)> = neurons
        .into_iter()
        .filter(|(hotkey, stake)| *hotkey == ALWAYS_TAKES_PART || *stake >= MIN_STAKE_RAO)
        .collect();
    // stable: equal stakes keep the order of the metagraph
    validators.sort_by_key(|(hotkey, stake)| Reverse((*hotkey == ALWAYS_TAKES_PART, *stake)));
    validators.truncate(MAX_VALIDATORS);
    validators.into_iter().map(|(hotkey, _)| hotkey).collect()
}

/// The validators in the order in which they run. `seed` is the hash, with `0x`, of block
/// `cycle.start - DYNAMIC_BLOCK_FINALIZATION_NUMBER`.
pub fn run_order(neurons: impl IntoIterator<Item = (Hotkey, u64)>, seed: &str) -> Vec<Hotkey> {
    let mut order = validators(neurons);
    shuffle(&mut order, seed);
    order
}

/// Python's `random.Random(seed).shuffle(list)`, bit for bit. At most the first 2,432 bytes of
/// the seed count; a block hash has 66.
pub fn shuffle<T>(list: &mut [T], seed: &str) {
    PythonRandom::seeded(seed).shuffle(list);
}
