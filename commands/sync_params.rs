//! `horde sync-params`

use clap::Args;
use horde_validator::pass::{Failure, Frame, Outcome};
use horde_validator::sync_params;

use crate::signals;

/// Fetch the parameters that the subnet owner publishes
///
/// Where the document cannot be had, all parameters keep their values. A pinned value wins over a
/// published one; `horde params` shows both. Passes take the new values from their next run on.
///
/// Example: horde sync-params --json
#[derive(Debug, Args)]
pub(crate) struct SyncParams {}

impl SyncParams {
    pub(crate) fn run(&self, frame: &Frame) -> Result<Outcome, Failure> {
        signals::runtime().block_on(sync_params::run(frame, sync_params::LIMITS))
    }
}
