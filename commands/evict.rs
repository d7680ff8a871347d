//! `horde evict`

use clap::Args;
use horde_validator::evict;
use horde_validator::pass::{Failure, Frame, Outcome};

use crate::signals;

/// Delete rows that are past their time
///
/// Batches, jobs, scores and weights stay for a year, users' jobs and passes for 90 days, sent
/// events and used prompts for 30, receipts for 7. What is still to be done is never deleted. The
/// file does not shrink; its free room is used again.
#[derive(Debug, Args)]
pub(crate) struct Evict {}

impl Evict {
    pub(crate) fn run(&self, frame: &Frame) -> Result<Outcome, Failure> {
        signals::runtime().block_on(evict::run(frame))
    }
}
