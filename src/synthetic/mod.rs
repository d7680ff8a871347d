//! The synthetic batch: plan it, run it, score it, keep it.

pub mod batch;
mod keep;
mod plan;
mod run;

pub use plan::schedule;
pub use run::{Start, run};
