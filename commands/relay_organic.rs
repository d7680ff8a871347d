//! `horde relay-organic`

use std::time::Duration;

use clap::Args;
use horde_validator::miner::MinerAddress;
use horde_validator::organic::{self, Options};
use horde_validator::pass::{Failure, Frame, Outcome};

use crate::signals;

/// Take users' jobs, run them on miners, report
///
/// Keeps one line to the facilitator, which hands jobs out: when it breaks, it is made again, after growing delays. Runs
/// until it is told to stop, or until the given time is over; then it takes no new jobs and waits
/// for those that run. A job is run once, and its end is told at least once, even if this is
/// killed: the next run reports what was left behind.
///
/// Example: horde relay-organic --for 1h
#[derive(Debug, Args)]
pub(crate) struct RelayOrganic {
    /// Take jobs for this long, then finish (90s, 1h 30m)
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    window: Option<Duration>,

    /// Send every job to this miner, whoever it was meant for
    #[arg(long, value_name = "HOTKEY@HOST:PORT")]
    miner: Option<MinerAddress>,
}

impl RelayOrganic {
    pub(crate) fn run(&self, frame: &Frame) -> Result<Outcome, Failure> {
        let options = Options {
            window: self.window,
            only: self.miner.clone(),
        };
        signals::runtime().block_on(organic::run(frame, options))
    }
}
