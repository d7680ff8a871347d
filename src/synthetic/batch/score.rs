//! Stage 7: what became of each job, and what the size of a horde adds to it.

use std::collections::BTreeMap;

use super::BatchInput;
use super::asked::Asked;
use super::job::{Job, Kind};
use crate::scoring::{apply_dance_bonus, job};

/// Gives every job its outcome; returns the executors that succeeded, by hotkey.
pub(super) fn score(input: &BatchInput, miners: &mut [Asked]) -> BTreeMap<String, u32> {
    let version = input.dance.weights_version;
    for asked in miners.iter_mut() {
        for job in &mut asked.jobs {
            let sent_us = job.request_sent.map(|sent| sent.before.unix_us());
            let timeout = input.limits.job(job.timeout);
            let mut outcome = job::outcome(version, timeout, sent_us, job.answer());
            if is_unasked(job) {
                outcome.comment = job.refusal().to_owned();
            }
            if let Kind::Llm(test) = &job.kind {
                test.adjust(&mut outcome);
            }
            job.outcome = Some(outcome);
        }
    }
    let mut outcomes: Vec<_> = miners
        .iter_mut()
        .flat_map(|asked| {
            let hotkey = asked.address.hotkey.as_str();
            let outcomes = asked.jobs.iter_mut().filter_map(|job| job.outcome.as_mut());
            outcomes.map(move |outcome| (hotkey, outcome))
        })
        .collect();
    let online = apply_dance_bonus(&input.dance, &input.previous_online, &mut outcomes);
    online
        .into_iter()
        .map(|(hotkey, count)| (hotkey.to_owned(), count))
        .collect()
}

/// It never got as far as running, and did not claim to have.
pub(super) fn is_unasked(job: &Job) -> bool {
    job.request_sent.is_none() && job.answers.end.is_none()
}
