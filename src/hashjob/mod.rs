//! Hash-cracking jobs: made with an answer that is known beforehand.
//!
//! Making one needs nothing but a random source; sending it, and judging how long the answer
//! took, is the business of others (spec: synthetic, "Hashcat jobs"; vectors: hashcat_job).

mod algorithm;
mod answer;
mod generate;
mod parameters;
pub mod payload;
pub mod secret;

pub use algorithm::Algorithm;
pub use answer::is_right;
pub use generate::{HashJob, generate, generate_all};
pub use parameters::{ImpossibleSize, Parameters, Size, Stage, parameters};
