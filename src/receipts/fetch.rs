//! One round: the files of all miners, many at once. Files are read on the async threads, checked
//! on the others, and kept by the one that holds the database.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, info_span, warn};

use super::Limits;
use super::download::{Common, Downloaded, End, download};
use super::report::{Failed, Report};
use super::standing::Standing;
use crate::http::Client;
use crate::miner::MinerAddress;
use crate::pass::Progress;
use crate::store::{SignedReceipt, Store, StoreError};
use crate::wire::event::{Event, EventSubtype, EventType};

/// Receipts are kept so long (spec: receipts).
const RETENTION: TimeDelta = TimeDelta::days(7);
/// Checked chunks that wait for the database.
const WAITING: usize = 8;
/// Rows of one transaction, about: others want to write, too.
const KEPT_AT_ONCE: usize = 2_048;

/// Asks all these miners, and keeps what holds. Ends early, with what it has, when `stop` is
/// cancelled.
///
/// # Errors
/// Those of the database. What is wrong with a miner is in the report and among the events.
pub async fn fetch_all(
    store: &mut Store,
    miners: Vec<MinerAddress>,
    limits: &Limits,
    progress: &Progress,
    stop: &CancellationToken,
    now: DateTime<Utc>,
) -> Result<Report, StoreError> {
    let deleted = store.delete_receipts_before(now - RETENTION)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let common = Arc::new(Common {
        client: Client::for_strangers(limits.file),
        limits: *limits,
        cores: Arc::new(Semaphore::new(cores)),
        stop: stop.clone(),
    });
    let bar = progress.bar("receipts", miners.len() as u64);
    let (found, mut to_keep) = mpsc::channel(WAITING);
    let mut round = Round {
        store,
        report: Report {
            miners: miners.len(),
            deleted,
            ..Report::default()
        },
        events: Vec::new(),
        now,
    };
    let mut waiting = miners.into_iter();
    let mut running = JoinSet::new();
    loop {
        while running.len() < limits.miners_at_once && !stop.is_cancelled() {
            let Some(miner) = waiting.next() else { break };
            let standing = Standing::load(round.store, &miner.hotkey, limits, now)?;
            let span = info_span!("miner", hotkey = miner.hotkey);
            let download = download(miner, standing, common.clone(), found.clone());
            running.spawn(download.instrument(span));
        }
        tokio::select! {
            Some(receipts) = to_keep.recv() => round.keep(receipts, &mut to_keep)?,
            ended = running.join_next() => match ended {
                Some(ended) => {
                    round.close(ended.expect("a download does not panic"));
                    bar.inc(1);
                }
                None => break,
            },
        }
    }
    while let Ok(receipts) = to_keep.try_recv() {
        round.keep(receipts, &mut to_keep)?;
    }
    round.keep(Vec::new(), &mut to_keep)?;
    bar.finish_and_clear();
    let Round { mut report, .. } = round;
    report.is_stopped = report.answered + report.failed.len() < report.miners;
    Ok(report)
}

struct Round<'a> {
    store: &'a mut Store,
    report: Report,
    /// Not yet kept.
    events: Vec<Event>,
    now: DateTime<Utc>,
}

impl Round<'_> {
    /// Keeps these receipts, and what else is waiting, in one transaction.
    fn keep(
        &mut self,
        mut receipts: Vec<SignedReceipt>,
        more: &mut mpsc::Receiver<Vec<SignedReceipt>>,
    ) -> Result<(), StoreError> {
        while receipts.len() < KEPT_AT_ONCE
            && let Ok(others) = more.try_recv()
        {
            receipts.extend(others);
        }
        if receipts.is_empty() && self.events.is_empty() {
            return Ok(());
        }
        // neighbours in the table are written together
        receipts.sort_unstable_by(|a, b| {
            let first = (&a.miner_hotkey, a.kind, &a.job_uuid);
            first.cmp(&(&b.miner_hotkey, b.kind, &b.job_uuid))
        });
        let kept = self.store.keep_receipts(&receipts, &self.events)?;
        self.events.clear();
        self.report.new += kept.new;
        self.report.countersigned += kept.countersigned;
        Ok(())
    }

    /// Counts what came of one miner, and tells of what was wrong with it.
    fn close(&mut self, ended: Downloaded) {
        let Downloaded { miner, tally, end } = ended;
        let (hotkey, host, port) = (miner.hotkey.as_str(), miner.host.as_str(), miner.port);
        self.report.rows += tally.rows;
        if let Some(first) = &tally.first {
            let refused = tally.rows.refused;
            warn!(hotkey, host, port, refused, %first, "rows of receipts refused");
        }
        if tally.rows.dropped > 0 {
            let dropped = tally.rows.dropped;
            warn!(
                hotkey,
                host, port, dropped, "the miner has too many receipts"
            );
        }
        match end {
            End::Complete => self.report.answered += 1,
            End::Stopped => debug!(hotkey, host, port, "not read to its end"),
            End::Failed(finding) => {
                debug!(hotkey, host, port, finding, "receipts not fetched");
                self.events.push(
                    Event::new(
                        EventType::ReceiptFailure,
                        EventSubtype::ReceiptFetchError,
                        self.now,
                        format!("receipts not fetched: {finding}"),
                    )
                    .with("miner_hotkey", hotkey)
                    .with("miner_ip", host)
                    .with("miner_port", port),
                );
                self.report.failed.push(Failed { miner, finding });
            }
        }
    }
}
