//! A batch: how large it was, when each of its stages began, and what became of each miner.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::cell::{second_of, seconds_between};
use super::{Evidence, EvidenceError, Table, job};
use crate::store::{BatchRow, Filter, MinerEvidence, Store, StoreError};

/// Batches by the time they were planned, and by state.
pub fn batches(store: &Store, filter: &Filter) -> Result<Evidence, EvidenceError> {
    let rows = store.find_batches(filter)?;
    let rows = rows.iter().map(|batch| line(store, batch));
    Ok(Evidence::list(Table {
        name: "batches",
        columns: &[
            "batch",
            "state",
            "block",
            "started_at",
            "seconds",
            "miners",
            "answered",
            "jobs",
            "succeeded",
            "weights",
            "note",
        ],
        rows: rows.collect::<Result<_, _>>()?,
    }))
}

fn line(store: &Store, batch: &BatchRow) -> Result<Vec<Value>, StoreError> {
    let counts = store.batch_counts(batch.id)?;
    Ok(vec![
        batch.id.number().into(),
        batch.state.name().into(),
        batch.plan.block.into(),
        second_of(batch.started_at),
        duration(batch),
        counts.miners.into(),
        counts.answered.into(),
        counts.jobs.into(),
        counts.succeeded.into(),
        batch.weights_id.map(|id| id.number()).into(),
        batch.note.clone().into(),
    ])
}

/// One batch by its number or its uuid; with a miner: of this one alone, and its jobs.
pub fn batch(store: &Store, name: &str, miner: Option<&str>) -> Result<Evidence, EvidenceError> {
    let found = match name.parse() {
        Ok(number) => store.batch_of_number(number)?,
        Err(_) => store.batch_of_uuid(name)?,
    };
    let batch = found.ok_or_else(|| EvidenceError::unknown("batch", name, "batch"))?;
    let counts = store.batch_counts(batch.id)?;
    let telemetry = store.batch_telemetry(batch.id)?;
    let facts = vec![
        ("batch", batch.id.number().into()),
        ("uuid", batch.uuid.clone().into()),
        ("state", batch.state.name().into()),
        ("note", batch.note.clone().into()),
        ("cycle_start", batch.plan.cycle_start.into()),
        ("cycle_stop", batch.plan.cycle_stop.into()),
        ("block", batch.plan.block.into()),
        ("started_block", batch.started_block.into()),
        ("started_at", second_of(batch.started_at)),
        ("ended_at", second_of(batch.ended_at)),
        ("seconds", duration(&batch)),
        ("miners_asked", counts.miners.into()),
        ("answered", counts.answered.into()),
        ("executors", counts.executors.into()),
        ("jobs_sent", counts.jobs.into()),
        ("succeeded", counts.succeeded.into()),
        ("weights_version", telemetry["weights_version"].clone()),
        ("weights", batch.weights_id.map(|id| id.number()).into()),
        ("superseded_at", second_of(batch.superseded_at)),
    ];
    let mut miners = store.evidence(batch.id)?;
    let mut tables = Vec::new();
    if let Some(hotkey) = miner {
        miners.retain(|one| one.hotkey == hotkey);
        if miners.is_empty() {
            return Err(EvidenceError::NoPart {
                miner: hotkey.to_owned(),
                what: "batch",
                name: name.to_owned(),
            });
        }
        let mut jobs = store.jobs_of_batch(batch.id)?;
        jobs.retain(|job| job.hotkey == hotkey);
        tables.push(job::table(&jobs));
    }
    tables.insert(0, asked(&miners));
    tables.push(stages(&telemetry, batch.ended_at));
    Ok(Evidence { facts, tables })
}

fn asked(miners: &[MinerEvidence]) -> Table {
    let columns = &[
        "hotkey",
        "jobs",
        "succeeded",
        "score",
        "multiplier",
        "comment",
    ];
    Table::new("miners", columns, miners, |miner| {
        vec![
            miner.hotkey.clone().into(),
            miner.jobs.into(),
            miner.succeeded.into(),
            miner.score.into(),
            miner.multiplier.into(),
            miner.comment.clone().into(),
        ]
    })
}

/// Each stage, when it began, and how many seconds it took.
fn stages(telemetry: &Value, ended_at: Option<DateTime<Utc>>) -> Table {
    let started = telemetry["stage_start_time"].as_object();
    let mut stages: Vec<(&String, DateTime<Utc>)> = started
        .into_iter()
        .flatten()
        .filter_map(|(name, at)| Some((name, at.as_str()?.parse().ok()?)))
        .collect();
    stages.sort_by_key(|(_, at)| *at);
    let ends: Vec<_> = stages.iter().skip(1).map(|(_, at)| Some(*at)).collect();
    let ends = ends.into_iter().chain([ended_at]);
    let columns = &["stage", "started_at", "seconds"];
    Table::new("stages", columns, stages.into_iter().zip(ends), |stage| {
        let ((name, at), end) = stage;
        let took = end.and_then(|end| seconds_between(at, end));
        vec![name.clone().into(), second_of(Some(at)), took.into()]
    })
}

fn duration(batch: &BatchRow) -> Value {
    let times = batch.started_at.zip(batch.ended_at);
    times
        .and_then(|(from, to)| seconds_between(from, to))
        .into()
}
