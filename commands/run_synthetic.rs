//! `horde run-synthetic`

use clap::Args;
use horde_validator::pass::{Failure, Frame, Outcome};
use horde_validator::synthetic::{self, Start};

use crate::signals;

/// Run the batch that is due
///
/// Waits for the block of a batch that is due within the next blocks, then tests all serving
/// miners at the same time and keeps the results in one transaction. A batch is run once, even
/// if this is killed: a batch that was cut short by a kill makes no weights.
///
/// Example: horde run-synthetic --now
#[derive(Debug, Args)]
pub(crate) struct RunSynthetic {
    /// Run a batch at once, planned or not
    #[arg(long)]
    now: bool,
}

impl RunSynthetic {
    pub(crate) fn run(&self, frame: &Frame) -> Result<Outcome, Failure> {
        let start = if self.now { Start::Now } else { Start::WhenDue };
        signals::runtime().block_on(synthetic::run(frame, start))
    }
}
