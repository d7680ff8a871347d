//! Epochs, cycles, order of the validators, windows. Pure.
//!
//! Blocks are plain `i64` here, since the first epoch starts before block 0.

mod commit_windows;
mod cycle;
pub mod order;
mod python_random;

pub use commit_windows::{CommitWindows, RevealDecision, Windows};
pub use cycle::{Cycle, Epoch, cycle_containing, start_block};
pub use order::run_order;
