//! The synthetic batch: plan it, run it, score it, keep it.
