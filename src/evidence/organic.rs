//! A job of a user: who did it, how it ended, and when each step was.

use super::cell::{address, second, second_of, seconds_between};
use super::{Evidence, EvidenceError, Table, receipt, steps};
use crate::store::{Filter, Store};
use serde_json::Value;

/// Jobs by the time they were taken, miner and status.
pub fn organic_jobs(store: &Store, filter: &Filter) -> Result<Evidence, EvidenceError> {
    let columns = &[
        "job",
        "status",
        "created_at",
        "seconds",
        "executor_class",
        "hotkey",
        "comment",
    ];
    let rows = store.find_organic_jobs(filter)?;
    Ok(Evidence::list(Table::new(
        "organic_jobs",
        columns,
        rows,
        |job| {
            let took = job
                .ended_at
                .and_then(|end| seconds_between(job.created_at, end));
            vec![
                job.uuid.into(),
                job.status.to_lowercase().into(),
                second(job.created_at),
                took.into(),
                job.executor_class.into(),
                job.hotkey.into(),
                job.comment.into(),
            ]
        },
    )))
}

/// One job by its uuid.
pub fn organic_job(store: &Store, uuid: &str) -> Result<Evidence, EvidenceError> {
    let found = store.organic_job(uuid)?;
    let job = found.ok_or_else(|| EvidenceError::unknown("organic job", uuid, "organic"))?;
    let took = job
        .ended_at
        .and_then(|end| seconds_between(job.created_at, end));
    let facts = vec![
        ("job", job.uuid.into()),
        ("status", job.status.to_lowercase().into()),
        ("comment", job.comment.into()),
        ("created_at", second(job.created_at)),
        ("ended_at", second_of(job.ended_at)),
        ("seconds", took.into()),
        ("hotkey", job.hotkey.into()),
        ("address", job.address.as_ref().map_or(Value::Null, address)),
        ("executor_class", job.executor_class.into()),
        ("description", job.description.into()),
        ("exit_status", job.exit_status.into()),
        ("stdout", job.stdout.into()),
        ("stderr", job.stderr.into()),
    ];
    let receipts = receipt::table(&store.receipts_of_job(uuid)?);
    Ok(Evidence {
        facts,
        tables: vec![steps::steps(&job.times), receipts],
    })
}
