//! `horde fetch-receipts`

use clap::Args;
use horde_validator::miner::MinerAddress;
use horde_validator::pass::{Failure, Frame, Outcome};
use horde_validator::receipts;

use crate::signals;

/// Fetch and check the receipts that miners publish
///
/// Asks all serving miners at the same time and keeps the receipts whose two signatures hold, each
/// once, for 7 days. A second run keeps what is new since the first. A miner that does not answer
/// or sends something else costs nothing but an event; the other miners are not kept waiting.
///
/// Example: horde fetch-receipts --miner 5F...@192.0.2.7:8091
#[derive(Debug, Args)]
pub(crate) struct FetchReceipts {
    /// Ask this miner only (an IPv6 host goes into brackets)
    #[arg(long, value_name = "HOTKEY@HOST:PORT")]
    miner: Option<MinerAddress>,
}

impl FetchReceipts {
    pub(crate) fn run(&self, frame: &Frame) -> Result<Outcome, Failure> {
        signals::runtime().block_on(receipts::run(frame, self.miner.clone()))
    }
}
