//! The synthetic batch: plan it, run it, score it, keep it.

mod plan;

pub use plan::schedule;
