//! From job results to weights. Pure.

mod class_map;
mod commit_hash;
mod error;
mod horde;
pub mod job;
mod manifest;
mod process;
mod quantise;

pub use class_map::{class_weights, executor_caps, parse_map};
pub use commit_hash::Commitment;
pub use error::ScoringError;
pub use horde::{ClassShare, HordeScore, JobScore, batch_scores, class_shares};
pub use manifest::{DanceBonus, apply_dance_bonus};
pub use process::{Processing, normalize_max_weight};
pub use quantise::{normalise_for_committing, to_u16};
