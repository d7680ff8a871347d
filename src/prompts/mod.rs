//! The prompt pipeline, in three passes: the trusted miner makes series of prompts, samples are
//! drawn from them, the trusted miner answers those (spec: prompts). What comes out are prompts
//! with known answers, which a batch compares with the answers of LLM executors.

mod answer;
mod buckets;
mod decide;
mod error;
pub(crate) mod fetch;
mod generate;
mod sample;
mod trusted;

pub use answer::answer;
pub(crate) use buckets::upload;
pub use buckets::{Buckets, Place};
pub use error::PromptsError;
pub use generate::generate;
pub use sample::sample;
