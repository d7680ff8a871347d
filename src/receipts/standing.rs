//! What is kept of a miner already, and so which rows of its file are worth checking.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use chrono::{DateTime, TimeDelta, Utc};

use super::Limits;
use super::row::{Refusal, Row, shown};
use crate::store::{Store, StoreError};
use crate::wire::receipt::ReceiptKind;
use crate::wire::time::isoformat;

/// How much older than the newest kept receipt one may be that comes later (spec: receipts).
const SLACK: TimeDelta = TimeDelta::hours(1);
/// A receipt of a time so far ahead would outlive every other one.
const FARTHEST_AHEAD: TimeDelta = TimeDelta::days(7);

/// What to do with a row that has the form of a receipt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Worth {
    Checking,
    /// Kept already, or older than what is.
    Nothing,
    /// The miner has as many receipts as it may have.
    NoRoom,
}

/// What is kept of one miner.
pub(super) struct Standing {
    started: KeptOfKind,
    finished: KeptOfKind,
    /// Receipts that may still be kept.
    room: u64,
    latest: DateTime<Utc>,
    state: RandomState,
}

/// What is kept of one kind of receipts.
#[derive(Default)]
struct KeptOfKind {
    /// Older ones have been looked at before.
    from: Option<DateTime<Utc>>,
    /// Hashes of the jobs whose receipts from then on are kept. Their seed is not known outside,
    /// so nobody can make two of them meet.
    jobs: HashSet<u64>,
}

impl Standing {
    pub(super) fn load(
        store: &Store,
        miner_hotkey: &str,
        limits: &Limits,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let state = RandomState::new();
        let of_kind = |kind| {
            let Some(newest) = store.newest_receipt(miner_hotkey, kind, now)? else {
                return Ok(KeptOfKind::default());
            };
            let from = newest - SLACK;
            let jobs = store.receipts_since(miner_hotkey, kind, from)?;
            Ok::<_, StoreError>(KeptOfKind {
                from: Some(from),
                jobs: jobs.iter().map(|job| state.hash_one(job)).collect(),
            })
        };
        Ok(Self {
            started: of_kind(ReceiptKind::Started)?,
            finished: of_kind(ReceiptKind::Finished)?,
            room: limits
                .kept_per_miner
                .saturating_sub(store.count_receipts(miner_hotkey)?),
            latest: now + FARTHEST_AHEAD,
            state,
        })
    }

    /// A row that is worth checking takes its room.
    pub(super) fn judge(&mut self, row: &Row) -> Result<Worth, Refusal> {
        let kept = match row.kind {
            ReceiptKind::Started => &self.started,
            ReceiptKind::Finished => &self.finished,
        };
        let is_old = kept.from.is_some_and(|from| row.time <= from);
        if is_old || kept.jobs.contains(&self.state.hash_one(row.job_uuid)) {
            return Ok(Worth::Nothing);
        }
        if row.time > self.latest {
            return Err(Refusal::Future(shown(&isoformat(&row.time))));
        }
        if self.room == 0 {
            return Ok(Worth::NoRoom);
        }
        self.room -= 1;
        Ok(Worth::Checking)
    }
}
