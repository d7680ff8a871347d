//! Sums and short forms of rows of a span of time, where the rows themselves are too many or too
//! long to be read. What they are good for is not known here.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::filter::Columns;
use super::{BatchId, Filter, PassOutcome, Store, StoreError, WeightsId, WeightsState, time};

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobEnding {
    Completed,
    /// It was answered, and the answer was not right.
    Wrong,
    Failed,
}

/// How a job of a batch ended, and nothing else of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JobEnd<'a> {
    pub batch: BatchId,
    pub executor_class: &'a str,
    pub ending: JobEnding,
    /// From the request to the answer, microseconds.
    pub time_took_us: Option<i64>,
}

/// How many passes of one name have ended in one way.
#[derive(Clone, Debug, PartialEq)]
pub struct PassCount {
    pub name: String,
    /// `None`: they run, or were killed.
    pub outcome: Option<PassOutcome>,
    pub count: u64,
    /// When the newest of them began.
    pub newest_at: DateTime<Utc>,
}

/// How long a job of a user took, and how it came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OrganicDuration {
    pub is_completed: bool,
    /// From the order to the end.
    pub seconds: f64,
}

/// That weights were decided, without their values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightsMark {
    pub id: WeightsId,
    pub state: WeightsState,
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// Reads that belong together: all of them see the database as it is now, whatever others
    /// write meanwhile. Nobody waits for it.
    pub fn read<T>(
        &self,
        body: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let _moment = self.db.unchecked_transaction()?;
        body(self)
    }

    /// Hands out the end of every job, by the time its batch was planned.
    pub fn each_job_end(
        &self,
        filter: &Filter,
        mut take: impl FnMut(JobEnd),
    ) -> Result<(), StoreError> {
        let (condition, values) = filter.condition(by("b.planned_at", "b.id DESC"));
        let mut query = self.db.prepare_cached(&format!(
            "SELECT j.batch_id, j.executor_class, j.status = 'COMPLETED', j.correct, j.time_took_us
             FROM batches b JOIN jobs j ON j.batch_id = b.id WHERE {condition}"
        ))?;
        let mut rows = query.query(rusqlite::params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            let ending = match (row.get(2)?, row.get(3)?) {
                (true, _) => JobEnding::Completed,
                (false, Some(false)) => JobEnding::Wrong,
                (false, _) => JobEnding::Failed,
            };
            take(JobEnd {
                batch: BatchId(row.get(0)?),
                executor_class: row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?,
                ending,
                time_took_us: row.get(4)?,
            });
        }
        Ok(())
    }

    /// How many passes there are of each name and outcome, by the time of their start.
    pub fn count_passes(&self, filter: &Filter) -> Result<Vec<PassCount>, StoreError> {
        let (condition, values) = filter.condition(by("started_at", "id"));
        let mut query = self.db.prepare_cached(&format!(
            "SELECT name, outcome, count(*), max(started_at), max(id) FROM
                 (SELECT id, name, outcome, started_at FROM passes WHERE {condition})
             GROUP BY name, outcome ORDER BY name, outcome"
        ))?;
        let mut rows = query.query(rusqlite::params_from_iter(values))?;
        let mut counts = Vec::new();
        while let Some(row) = rows.next()? {
            let damaged = damaged("passes", row.get(4)?);
            let outcome = row.get::<_, Option<String>>(1)?.map(|name| {
                PassOutcome::from_name(&name).ok_or_else(|| damaged("unknown outcome"))
            });
            counts.push(PassCount {
                name: row.get(0)?,
                outcome: outcome.transpose()?,
                count: row.get::<_, i64>(2)?.unsigned_abs(),
                newest_at: time::from_text(&row.get::<_, String>(3)?)
                    .ok_or_else(|| damaged("not a time"))?,
            });
        }
        Ok(counts)
    }

    /// How many events there are, by time and type.
    pub fn count_events(&self, filter: &Filter) -> Result<u64, StoreError> {
        let (condition, values) = filter.condition(Columns {
            kind: Some("type"),
            ..by("timestamp", "id")
        });
        let mut query = self.db.prepare_cached(&format!(
            "SELECT count(*) FROM (SELECT 1 FROM events WHERE {condition})"
        ))?;
        let count: i64 = query.query_row(rusqlite::params_from_iter(values), |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// How many jobs of users there are of each status, by the time they were taken.
    pub fn count_organic_jobs(&self, filter: &Filter) -> Result<BTreeMap<String, u64>, StoreError> {
        let (condition, values) = filter.condition(by("created_at", "id"));
        let mut query = self.db.prepare_cached(&format!(
            "SELECT status, count(*) FROM (SELECT status FROM organic_jobs WHERE {condition})
             GROUP BY status"
        ))?;
        let rows = query.query_map(rusqlite::params_from_iter(values), |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How long jobs of users took, as far as they have ended, by the time they were taken.
    pub fn organic_durations(&self, filter: &Filter) -> Result<Vec<OrganicDuration>, StoreError> {
        let (condition, values) = filter.condition(by("created_at", "id DESC"));
        // a clock that was set back in between makes no time negative
        let mut query = self.db.prepare_cached(&format!(
            "SELECT status = 'COMPLETED',
                    max(0.0, (julianday(ended_at) - julianday(created_at)) * 86400.0)
             FROM organic_jobs WHERE ended_at IS NOT NULL AND {condition}"
        ))?;
        let rows = query.query_map(rusqlite::params_from_iter(values), |row| {
            Ok(OrganicDuration {
                is_completed: row.get(0)?,
                seconds: row.get(1)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Weights by the time they were decided, newest first.
    pub fn mark_weights(&self, filter: &Filter) -> Result<Vec<WeightsMark>, StoreError> {
        let (condition, values) = filter.condition(by("created_at", "id DESC"));
        let mut query = self.db.prepare_cached(&format!(
            "SELECT id, state, created_at FROM weights WHERE {condition}"
        ))?;
        let mut rows = query.query(rusqlite::params_from_iter(values))?;
        let mut marks = Vec::new();
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            let damaged = damaged("weights", id);
            marks.push(WeightsMark {
                id: WeightsId(id),
                state: WeightsState::from_name(&row.get::<_, String>(1)?)
                    .ok_or_else(|| damaged("unknown state"))?,
                created_at: time::from_text(&row.get::<_, String>(2)?)
                    .ok_or_else(|| damaged("not a time"))?,
            });
        }
        Ok(marks)
    }
}

/// Asked for by time alone.
fn by(time: &'static str, order: &'static str) -> Columns {
    Columns {
        time,
        order,
        ..Columns::default()
    }
}

fn damaged(table: &'static str, id: i64) -> impl Fn(&str) -> StoreError {
    move |finding| StoreError::Row {
        table,
        id,
        finding: finding.to_owned(),
    }
}
