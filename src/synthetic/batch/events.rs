//! Stage 9: what an operator, and the subnet's statistics, get to know about each job.

use chrono::{DateTime, Utc};

use super::asked::Asked;
use super::job::{Job, Kind};
use super::score::is_unasked;
use crate::miner::{Acceptance, Final, Readiness};
use crate::wire::event::{Event, EventSubtype, EventType};

/// The events of one miner: its mishaps, and one per job that was judged, refused or failed.
pub(super) fn of_miner(asked: &Asked, batch_uuid: &str, now: DateTime<Utc>) -> Vec<Event> {
    let about_miner = |kind, subtype, description: &str| {
        Event::new(kind, subtype, now, description)
            .with("batch_uuid", batch_uuid)
            .with("miner_hotkey", asked.address.hotkey.as_str())
    };
    let mishaps = asked
        .mishaps
        .iter()
        .map(|mishap| about_miner(mishap.kind, mishap.subtype, &mishap.description));
    let jobs = asked.jobs.iter().filter_map(|job| {
        let (kind, subtype) = of_job(job)?;
        let comment = job
            .outcome
            .as_ref()
            .map_or("", |outcome| outcome.comment.as_str());
        Some(about_miner(kind, subtype, comment).with("job_uuid", job.uuid.as_str()))
    });
    let unread = asked.jobs.iter().filter_map(|job| {
        let Kind::Llm(test) = &job.kind else {
            return None;
        };
        let kind = EventType::MinerSyntheticJobFailure;
        let subtype = EventSubtype::LlmPromptAnswersDownloadFailed;
        let event = about_miner(kind, subtype, test.unread.as_deref()?);
        Some(event.with("job_uuid", job.uuid.as_str()))
    });
    mishaps.chain(unread).chain(jobs).collect()
}

fn of_job(job: &Job) -> Option<(EventType, EventSubtype)> {
    if let Some(event) = job.outcome.as_ref().and_then(|outcome| outcome.event) {
        return Some(event);
    }
    let answers = &job.answers;
    let is_refused = answers
        .acceptance
        .is_some_and(|answer| answer.what == Acceptance::Declined)
        || answers
            .readiness
            .is_some_and(|answer| answer.what == Readiness::Failed);
    let subtype = match &answers.end {
        Some(end) if matches!(end.what, Final::Failed(_)) => EventSubtype::Failure,
        _ if is_refused => EventSubtype::JobRejected,
        _ if is_unasked(job) => EventSubtype::JobNotStarted,
        _ => EventSubtype::JobExecutionTimeout,
    };
    Some((EventType::MinerSyntheticJobFailure, subtype))
}
