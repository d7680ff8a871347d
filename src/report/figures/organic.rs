//! Jobs of users: how many, how long, and the newest ones.

use chrono::{DateTime, Utc};

use super::distribution::{Buckets, Spread};
use super::newest::{Newest, cut_text};
use crate::report::Span;
use crate::store::{OrganicRow, Store, StoreError};

/// Jobs in the table.
const ROWS: usize = 20;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Organic {
    pub(in crate::report) completed: u64,
    pub(in crate::report) failed: u64,
    /// They run, or were killed with their pass.
    pub(in crate::report) running: u64,
    /// Of the completed ones, from the order to the end; `None`: there are none.
    pub(in crate::report) completed_times: Option<Spread>,
    pub(in crate::report) buckets: Buckets,
    pub(in crate::report) newest: Newest<OrganicJob>,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct OrganicJob {
    pub(in crate::report) job_uuid: String,
    pub(in crate::report) hotkey: String,
    pub(in crate::report) executor_class: String,
    /// `running`, `completed` or `failed`.
    pub(in crate::report) status: String,
    pub(in crate::report) created_at: DateTime<Utc>,
    /// From the order to the end; `None`: it has not ended.
    pub(in crate::report) seconds: Option<f64>,
    pub(in crate::report) comment: String,
}

pub(super) fn read(store: &Store, span: Span) -> Result<Organic, StoreError> {
    let counts = store.count_organic_jobs(&span.filter())?;
    let count = |status: &str| counts.get(status).copied().unwrap_or(0);
    let durations = store.organic_durations(&span.filter())?;
    let completed = durations.iter().filter(|one| one.is_completed);
    let jobs: Vec<_> = durations
        .iter()
        .map(|one| (one.seconds, one.is_completed))
        .collect();
    let rows = store.find_organic_jobs(&span.newest(None, ROWS))?;
    Ok(Organic {
        completed: count("COMPLETED"),
        failed: count("FAILED"),
        running: count("RUNNING"),
        completed_times: Spread::of(completed.map(|one| one.seconds).collect()),
        buckets: Buckets::of(&jobs),
        newest: Newest::of(rows.iter().map(job).collect(), counts.values().sum()),
    })
}

fn job(row: &OrganicRow) -> OrganicJob {
    OrganicJob {
        job_uuid: cut_text(&row.uuid),
        hotkey: cut_text(&row.hotkey),
        executor_class: cut_text(&row.executor_class),
        status: row.status.to_lowercase(),
        created_at: row.created_at,
        seconds: row
            .ended_at
            .map(|end| (end - row.created_at).as_seconds_f64()),
        comment: cut_text(&row.comment),
    }
}
