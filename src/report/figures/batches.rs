//! Batches and what became of their jobs, over time and one by one.

use std::collections::{BTreeMap, HashMap};
use std::ops::AddAssign;

use chrono::{DateTime, Utc};

use super::job_times::{ClassTimes, Collected};
use super::newest::{Newest, cut_text};
use super::thin;
use crate::report::Span;
use crate::store::{BatchId, BatchRow, BatchState, JobEnding, Store, StoreError, WeightsId};

/// Bars that a telephone can still show side by side.
const BARS: usize = 120;
/// Batches in the table.
const ROWS: usize = 20;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Batches {
    /// State -> batches.
    pub(in crate::report) states: BTreeMap<&'static str, u64>,
    pub(in crate::report) jobs: JobCounts,
    /// Oldest first.
    pub(in crate::report) bars: Vec<Bar>,
    pub(in crate::report) newest: Newest<Batch>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::report) struct JobCounts {
    pub(in crate::report) completed: u64,
    pub(in crate::report) wrong: u64,
    pub(in crate::report) failed: u64,
}

/// One batch, or a few neighbours where there are many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::report) struct Bar {
    /// When the first of them was planned.
    pub(in crate::report) since: DateTime<Utc>,
    pub(in crate::report) first_batch: i64,
    pub(in crate::report) last_batch: i64,
    pub(in crate::report) batches: u64,
    pub(in crate::report) missed: u64,
    pub(in crate::report) broken: u64,
    pub(in crate::report) jobs: JobCounts,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Batch {
    pub(in crate::report) id: i64,
    pub(in crate::report) block: i64,
    pub(in crate::report) state: &'static str,
    pub(in crate::report) planned_at: DateTime<Utc>,
    pub(in crate::report) started_at: Option<DateTime<Utc>>,
    /// From start to end; `None`: it never ended.
    pub(in crate::report) seconds: Option<f64>,
    pub(in crate::report) jobs: JobCounts,
    /// The weights that were made from it.
    pub(in crate::report) weights: Option<i64>,
    pub(in crate::report) note: String,
}

impl JobCounts {
    fn count(&mut self, ending: JobEnding) {
        match ending {
            JobEnding::Completed => self.completed += 1,
            JobEnding::Wrong => self.wrong += 1,
            JobEnding::Failed => self.failed += 1,
        }
    }
}

impl AddAssign for JobCounts {
    fn add_assign(&mut self, other: Self) {
        self.completed += other.completed;
        self.wrong += other.wrong;
        self.failed += other.failed;
    }
}

/// Batches that were planned in the span, and the times of their jobs: both need all jobs, which
/// are read once.
pub(super) fn read(store: &Store, span: Span) -> Result<(Batches, Vec<ClassTimes>), StoreError> {
    let mut times = Collected::default();
    let mut jobs: HashMap<i64, JobCounts> = HashMap::new();
    let mut all = JobCounts::default();
    store.each_job_end(&span.filter(), |end| {
        jobs.entry(end.batch.number())
            .or_default()
            .count(end.ending);
        all.count(end.ending);
        if let (JobEnding::Completed, Some(us)) = (end.ending, end.time_took_us) {
            times.take(end.executor_class, us);
        }
    })?;
    let jobs_of = |batch: BatchId| jobs.get(&batch.number()).copied().unwrap_or_default();
    let rows = store.find_batches(&span.filter())?;
    let mut states = BTreeMap::new();
    for row in &rows {
        *states.entry(row.state.name()).or_default() += 1;
    }
    let oldest_first: Vec<&BatchRow> = rows.iter().rev().collect();
    let per_bar = thin::per_bar(rows.len(), BARS);
    let bars = oldest_first.chunks(per_bar);
    let batches = Batches {
        states,
        jobs: all,
        bars: bars.filter_map(|rows| bar(rows, jobs_of)).collect(),
        newest: Newest::cut(rows.iter().map(|row| batch(row, jobs_of(row.id))), ROWS),
    };
    Ok((batches, times.spreads()))
}

fn bar(rows: &[&BatchRow], jobs_of: impl Fn(BatchId) -> JobCounts) -> Option<Bar> {
    let (first, last) = (rows.first()?, rows.last()?);
    let mut bar = Bar {
        since: first.planned_at,
        first_batch: first.id.number(),
        last_batch: last.id.number(),
        batches: 0,
        missed: 0,
        broken: 0,
        jobs: JobCounts::default(),
    };
    for row in rows {
        bar.batches += 1;
        bar.missed += u64::from(row.state == BatchState::Missed);
        bar.broken += u64::from(row.state == BatchState::Broken);
        bar.jobs += jobs_of(row.id);
    }
    Some(bar)
}

fn batch(row: &BatchRow, jobs: JobCounts) -> Batch {
    let ended = row.started_at.zip(row.ended_at);
    Batch {
        id: row.id.number(),
        block: row.plan.block,
        state: row.state.name(),
        planned_at: row.planned_at,
        started_at: row.started_at,
        seconds: ended.map(|(start, end)| (end - start).as_seconds_f64()),
        jobs,
        weights: row.weights_id.map(WeightsId::number),
        note: cut_text(&row.note),
    }
}
