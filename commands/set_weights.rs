//! `horde set-weights`

use clap::Args;
use horde_validator::pass::{Failure, Frame, Outcome};
use horde_validator::weights::{self, Options};

use crate::signals;

/// Set, commit or reveal weights, whichever is due
///
/// Does nothing and exits 0 when no window is open. Run it as often as you like: what was sent
/// is on disk before it is sent, and a run that was killed is settled by the next one, which
/// asks the chain what happened.
///
/// Example: horde set-weights --dry-run
#[derive(Debug, Args)]
pub(crate) struct SetWeights {
    /// Show the weights and the reason for each, send nothing
    #[arg(long)]
    dry_run: bool,

    /// Make weights also of a batch that fewer than half of the miners answered
    #[arg(long)]
    accept_incomplete: bool,
}

impl SetWeights {
    pub(crate) fn run(&self, frame: &Frame) -> Result<Outcome, Failure> {
        let options = Options {
            dry_run: self.dry_run,
            accept_incomplete: self.accept_incomplete,
        };
        signals::runtime().block_on(weights::run(frame, options))
    }
}
