//! What a batch tells about itself: one record for the whole and one per job.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::asked::Asked;
use super::job::Job;
use crate::miner::{Final, Moment};
use crate::wire::time::isoformat;

/// The whole batch (spec: events, `SYNTHETIC_BATCH`).
pub(super) fn batch(
    validator: &str,
    stages: &[(&'static str, Moment)],
    miners: &[Asked],
    events: usize,
) -> Value {
    let stages: Map<String, Value> = stages
        .iter()
        .map(|(name, at)| ((*name).to_owned(), isoformat(&at.utc()).into()))
        .collect();
    let mut messages = BTreeMap::<&str, u32>::new();
    for (name, count) in miners.iter().flat_map(|asked| &asked.message_counts) {
        let name = if name.is_empty() { "unreadable" } else { *name };
        *messages.entry(name).or_default() += count;
    }
    let outcomes: Vec<_> = miners
        .iter()
        .flat_map(|asked| &asked.jobs)
        .filter_map(|job| job.outcome.as_ref())
        .collect();
    let count = |wanted: &dyn Fn(Option<bool>, bool) -> bool| {
        outcomes
            .iter()
            .filter(|o| wanted(o.is_correct, o.is_success))
            .count()
    };
    let manifests: Map<String, Value> = miners
        .iter()
        .filter_map(|asked| {
            Some((
                asked.address.hotkey.clone(),
                json!(asked.executors.as_ref()?),
            ))
        })
        .collect();
    json!({
        "validator_hotkey": validator,
        "stage_start_time": stages,
        "average_job_send_time_us": average_send_time_us(miners),
        "counts": {
            "miners": miners.len(),
            "manifests": manifests.len(),
            "messages": messages,
            "jobs": {
                "total": outcomes.len(),
                "failed": count(&|_, is_success| !is_success),
                "successful": count(&|_, is_success| is_success),
                "correct": count(&|is_correct, _| is_correct == Some(true)),
                "incorrect": count(&|is_correct, _| is_correct == Some(false)),
            },
            "events": events,
        },
        "manifests": manifests,
    })
}

/// From just before a job request to when the system had taken it.
fn average_send_time_us(miners: &[Asked]) -> Option<i64> {
    let jobs = miners.iter().flat_map(|asked| &asked.jobs);
    let times: Vec<i64> = jobs
        .filter_map(|job| job.request_sent)
        .map(|sent| sent.after.us_since(sent.before))
        .collect();
    let count = i64::try_from(times.len()).ok().filter(|count| *count > 0)?;
    Some(times.iter().sum::<i64>() / count)
}

/// Step -> microseconds of Unix time, for the steps that happened.
pub(super) fn times(job: &Job) -> BTreeMap<&'static str, i64> {
    let answers = &job.answers;
    let steps = [
        (
            "initial_before_sent",
            job.initial_sent.map(|sent| sent.before),
        ),
        (
            "initial_after_sent",
            job.initial_sent.map(|sent| sent.after),
        ),
        (
            "accept_response",
            answers.acceptance.map(|answer| answer.at),
        ),
        (
            "executor_response",
            answers.readiness.map(|answer| answer.at),
        ),
        ("job_before_sent", job.request_sent.map(|sent| sent.before)),
        ("job_after_sent", job.request_sent.map(|sent| sent.after)),
        ("job_response", answers.end.as_ref().map(|answer| answer.at)),
    ];
    steps
        .into_iter()
        .filter_map(|(name, at)| Some((name, at?.unix_us())))
        .collect()
}

/// One job (spec: events, `SYNTHETIC_JOB`).
pub(super) fn job(asked: &Asked, job: &Job) -> Map<String, Value> {
    let answers = &job.answers;
    let end = answers.end.as_ref().map(|end| match &end.what {
        Final::Finished(finished) => json!({
            "message_type": "V0JobFinishedRequest",
            "docker_process_stdout": finished.docker_process_stdout,
            "docker_process_stderr": finished.docker_process_stderr,
        }),
        Final::Failed(failed) => json!({
            "message_type": "V0JobFailedRequest",
            "docker_process_exit_status": failed.docker_process_exit_status,
            "docker_process_stdout": failed.docker_process_stdout,
            "docker_process_stderr": failed.docker_process_stderr,
        }),
    });
    let outcome = job.outcome.as_ref();
    let record = json!({
        "job_uuid": job.uuid,
        "miner_hotkey": asked.address.hotkey,
        "executor_class": job.class,
        "times": times(job),
        "accept_response": answers.acceptance.map(|answer| format!("{:?}", answer.what)),
        "executor_response": answers.readiness.map(|answer| format!("{:?}", answer.what)),
        "job_response": end,
        "time_took_us": outcome.and_then(|outcome| outcome.time_took_us),
        "success": outcome.is_some_and(|outcome| outcome.is_success),
        "correct": outcome.and_then(|outcome| outcome.is_correct),
        "comment": outcome.map_or("", |outcome| outcome.comment.as_str()),
        "score": outcome.map_or(0.0, |outcome| outcome.score),
        "score_manifest_multiplier": outcome.and_then(|outcome| outcome.manifest_multiplier),
    });
    match record {
        Value::Object(record) => record,
        _ => unreachable!("an object is written above"),
    }
}
