//! `horde send-events`

use clap::Args;
use horde_validator::events;
use horde_validator::pass::{Failure, Frame, Outcome};

use crate::signals;

/// Send system events to the stats collector
///
/// Oldest first, until all are sent. Events stay in the database until the collector has said
/// that it keeps them; one that was not heard saying so gets them again. An empty
/// STATS_COLLECTOR_URL turns sending off.
///
/// Example: horde send-events
#[derive(Debug, Args)]
pub(crate) struct SendEvents {}

impl SendEvents {
    pub(crate) fn run(&self, frame: &Frame) -> Result<Outcome, Failure> {
        signals::runtime().block_on(events::run(frame, events::LIMITS))
    }
}
