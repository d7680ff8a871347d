//! One pass of `fetch-receipts`: which miners, and what the operator is told.

use super::{Limits, fetch_all};
use crate::miner::MinerAddress;
use crate::pass::{self, Failure, Frame, Outcome};

/// One pass of `fetch-receipts`: of all serving miners, or of this one only.
pub async fn run(frame: &Frame, only: Option<MinerAddress>) -> Result<Outcome, Failure> {
    pass::run("fetch-receipts", frame, async |pass| {
        let is_named = only.is_some();
        let miners = match only {
            Some(miner) => vec![miner],
            None => pass.known_miners().await?,
        };
        let now = pass.now();
        let report = fetch_all(
            &mut pass.store,
            miners,
            &Limits::PRODUCTION,
            &pass.progress,
            &pass.stop,
            now,
        )
        .await?;
        match report.failed.first() {
            // whoever names one miner wants to know what is wrong with it
            Some(failed) if is_named => Err(Failure::NamedMiner {
                hotkey: failed.miner.hotkey.clone(),
                finding: failed.finding.clone(),
            }),
            _ => Ok(Outcome::done(report.summary()).with_details(report.details())),
        }
    })
    .await
}
