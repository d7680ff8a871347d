//! The pass that writes weights. Rules: spec `weights.md`.

mod error;

pub use error::WeightsError;
