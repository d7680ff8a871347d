//! A synthetic job: what was asked, answered and when, and which rule made its score.

use super::cell::{address, second_of, seconds};
use super::{Evidence, EvidenceError, Table, receipt, rule, steps};
use crate::store::{Filter, JobEvidence, Store};

/// Jobs by the start of their batch, miner, outcome and executor class.
pub fn jobs(store: &Store, filter: &Filter) -> Result<Evidence, EvidenceError> {
    Ok(Evidence::list(table(&store.find_jobs(filter)?)))
}

pub(super) fn table(jobs: &[JobEvidence]) -> Table {
    let columns = &[
        "job",
        "batch",
        "executor_class",
        "outcome",
        "correct",
        "seconds",
        "score",
        "multiplier",
        "hotkey",
        "comment",
    ];
    Table::new("jobs", columns, jobs, |job| {
        vec![
            job.uuid.clone().into(),
            job.batch.number().into(),
            job.executor_class.clone().into(),
            job.outcome.clone().into(),
            job.is_correct.into(),
            job.time_took_us.map(seconds).into(),
            job.score.into(),
            job.multiplier.into(),
            job.hotkey.clone().into(),
            job.comment.clone().into(),
        ]
    })
}

/// One job by its uuid.
pub fn job(store: &Store, uuid: &str) -> Result<Evidence, EvidenceError> {
    let found = store.job(uuid)?;
    let job = found.ok_or_else(|| EvidenceError::unknown("job", uuid, "job"))?;
    let batch = store.batch_of_number(job.batch.number())?;
    let weights = batch.and_then(|batch| batch.weights_id);
    let version = store.batch_telemetry(job.batch)?["weights_version"].as_i64();
    let facts = vec![
        ("job", job.uuid.clone().into()),
        ("batch", job.batch.number().into()),
        ("started_at", second_of(job.started_at)),
        ("hotkey", job.hotkey.clone().into()),
        ("address", address(&job.address)),
        ("executor_class", job.executor_class.clone().into()),
        ("description", job.description.clone().into()),
        ("outcome", job.outcome.clone().into()),
        ("correct", job.is_correct.into()),
        ("comment", job.comment.clone().into()),
        ("seconds", job.time_took_us.map(seconds).into()),
        ("score", job.score.into()),
        ("multiplier", job.multiplier.into()),
        ("rule", rule::of(&job, version).into()),
        ("weights", weights.map(|id| id.number()).into()),
    ];
    let mut tables = vec![steps::steps(&job.times)];
    let answers = store.comparisons_of_job(uuid)?;
    if !answers.is_empty() {
        let columns = &["prompt", "result", "expected", "found"];
        tables.push(Table::new("answers", columns, answers, |one| {
            vec![
                one.prompt.into(),
                one.result.into(),
                one.expected.into(),
                one.found.into(),
            ]
        }));
    }
    tables.push(receipt::table(&store.receipts_of_job(uuid)?));
    Ok(Evidence { facts, tables })
}
