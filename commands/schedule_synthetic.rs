//! `horde schedule-synthetic`

use clap::Args;
use horde_validator::pass::{Failure, Frame, Outcome};
use horde_validator::synthetic;

use crate::signals;

/// Plan this cycle's batch; mark missed ones
///
/// Finds this validator's place among the validators of the cycle, and stores at which block its
/// batch is due. A cycle is planned once, however often this runs. Sends nothing.
///
/// Example: horde schedule-synthetic --json
#[derive(Debug, Args)]
pub(crate) struct ScheduleSynthetic {}

impl ScheduleSynthetic {
    pub(crate) fn run(&self, frame: &Frame) -> Result<Outcome, Failure> {
        signals::runtime().block_on(synthetic::schedule(frame))
    }
}
