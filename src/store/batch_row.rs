//! A synthetic batch as a row, and the row as types. What happens to batches is not known here.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Params, Row};

use super::{StoreError, WeightsId, time};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BatchId(pub(super) i64);

impl BatchId {
    pub fn number(self) -> i64 {
        self.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchState {
    Planned,
    /// Its block passed without a run.
    Missed,
    /// Runs, or was killed while it ran.
    Started,
    Done,
    /// Killed while it ran; it has no jobs and makes no weights.
    Broken,
}

impl BatchState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Missed => "missed",
            Self::Started => "started",
            Self::Done => "done",
            Self::Broken => "broken",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [
            Self::Planned,
            Self::Missed,
            Self::Started,
            Self::Done,
            Self::Broken,
        ]
        .into_iter()
        .find(|state| state.name() == name)
    }
}

/// Where a batch lies: blocks, `start < block <= stop` as everywhere in the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchPlan {
    pub cycle_start: i64,
    pub cycle_stop: i64,
    pub block: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct BatchRow {
    pub id: BatchId,
    pub uuid: String,
    pub state: BatchState,
    pub plan: BatchPlan,
    pub planned_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    /// Height of the chain when it was started.
    pub started_block: Option<i64>,
    pub ended_at: Option<DateTime<Utc>>,
    pub weights_id: Option<WeightsId>,
    /// When a newer batch made the weights in its place.
    pub superseded_at: Option<DateTime<Utc>>,
    pub note: String,
}

pub(super) const COLUMNS: &str = "id, uuid, state, cycle_start, cycle_stop, block, started_at, started_block, \
                       ended_at, weights_id, note, planned_at, superseded_at";

/// The batches for which this holds.
pub(super) fn select(
    db: &Connection,
    condition: &str,
    params: impl Params,
) -> Result<Vec<BatchRow>, StoreError> {
    let mut query =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM batches WHERE {condition}"))?;
    let mut rows = query.query(params)?;
    let mut batches = Vec::new();
    while let Some(row) = rows.next()? {
        batches.push(batch(row)?);
    }
    Ok(batches)
}

/// After [`COLUMNS`].
pub(super) fn batch(row: &Row) -> Result<BatchRow, StoreError> {
    let id: i64 = row.get(0)?;
    let damaged = |finding: &str| StoreError::Row {
        table: "batches",
        id,
        finding: finding.to_owned(),
    };
    let moment = |text: Option<String>| {
        text.map(|text| time::from_text(&text).ok_or_else(|| damaged("not a time")))
            .transpose()
    };
    Ok(BatchRow {
        id: BatchId(id),
        uuid: row.get(1)?,
        state: BatchState::from_name(&row.get::<_, String>(2)?)
            .ok_or_else(|| damaged("unknown state"))?,
        plan: BatchPlan {
            cycle_start: row.get(3)?,
            cycle_stop: row.get(4)?,
            block: row.get(5)?,
        },
        started_at: moment(row.get(6)?)?,
        started_block: row.get(7)?,
        ended_at: moment(row.get(8)?)?,
        weights_id: row.get::<_, Option<i64>>(9)?.map(WeightsId),
        note: row.get(10)?,
        planned_at: moment(row.get(11)?)?.ok_or_else(|| damaged("not a time"))?,
        superseded_at: moment(row.get(12)?)?,
    })
}
