//! The synthetic batch: plan it, run it, score it, keep it.

pub mod batch;
mod plan;

pub use plan::schedule;
