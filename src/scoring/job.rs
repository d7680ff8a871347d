//! What became of one job: success or not, its score, and the comment that tells why.
//! Whether an answer is right is told to it; times are microseconds on one clock
//! (spec: synthetic, "Job score"; vectors: job_score).

use std::time::Duration;

use serde::Serialize;

use crate::params::WeightsVersion;
use crate::wire::event::{EventSubtype, EventType};

/// Characters of each of a miner's texts that go into a comment. Honest miners cut theirs at
/// 1000; what others send must not fill the database.
const LONGEST_TEXT: usize = 2_000;

/// The final answer to a job.
#[derive(Debug, Clone, Copy)]
pub enum Answer<'a> {
    None,
    Failed { exit_status: Option<i64> },
    Finished(Finished<'a>),
}

/// A finished job, and what the validator makes of its answer.
#[derive(Debug, Clone, Copy)]
pub struct Finished<'a> {
    pub job_uuid: &'a str,
    pub stdout: &'a str,
    pub stderr: &'a str,
    pub received_us: i64,
    /// For the comment only.
    pub expected: &'a str,
    pub is_right: bool,
}

/// How one job ended.
#[derive(Debug, Clone, PartialEq)]
pub struct JobOutcome {
    pub is_success: bool,
    /// `None` when the answer was not looked at.
    pub is_correct: Option<bool>,
    /// The multiplier included, once it is applied.
    pub score: f64,
    /// From just before the request to the answer; not positive when they came out of order.
    pub time_took_us: Option<i64>,
    /// Empty for a success.
    pub comment: String,
    /// To be recorded with the comment as its description.
    pub event: Option<(EventType, EventSubtype)>,
    pub manifest_multiplier: Option<f64>,
}

impl JobOutcome {
    pub fn time_took_seconds(&self) -> Option<f64> {
        self.time_took_us.map(seconds)
    }

    fn failed(comment: String) -> Self {
        Self {
            is_success: false,
            is_correct: None,
            score: 0.0,
            time_took_us: None,
            comment,
            event: None,
            manifest_multiplier: None,
        }
    }
}

/// Scores one job. `request_sent_us` is the time just before the job request was sent, `None`
/// if it never was.
pub fn outcome(
    version: WeightsVersion,
    timeout: Duration,
    request_sent_us: Option<i64>,
    answer: Answer<'_>,
) -> JobOutcome {
    const LATE: (EventType, EventSubtype) = (
        EventType::MinerSyntheticJobFailure,
        EventSubtype::JobExecutionTimeout,
    );

    let finished = match answer {
        Answer::None => return JobOutcome::failed("timed out".to_owned()),
        Answer::Failed { exit_status } => {
            let status = exit_status.map_or_else(|| "None".to_owned(), |code| code.to_string());
            return JobOutcome::failed(format!("failed: returncode={status}"));
        }
        Answer::Finished(finished) => finished,
    };

    let time_took_us = request_sent_us.map(|sent| finished.received_us.saturating_sub(sent));
    let Some(elapsed_us) = time_took_us.filter(|elapsed| *elapsed > 0) else {
        let failed = JobOutcome::failed("out of order job response".to_owned());
        return JobOutcome {
            time_took_us,
            event: Some(LATE),
            ..failed
        };
    };

    let is_correct = Some(finished.is_right);
    if u128::from(elapsed_us.unsigned_abs()) > timeout.as_micros() {
        let comment = format!("took too long: time_took_sec={:.2}", seconds(elapsed_us));
        let failed = JobOutcome::failed(comment);
        return JobOutcome {
            time_took_us,
            is_correct,
            event: Some(LATE),
            ..failed
        };
    }
    if !finished.is_right {
        let event = (EventType::MinerSyntheticJobFailure, EventSubtype::Failure);
        let failed = JobOutcome::failed(mismatch(&finished));
        return JobOutcome {
            time_took_us,
            is_correct,
            event: Some(event),
            ..failed
        };
    }
    JobOutcome {
        is_success: true,
        is_correct,
        score: score(version, timeout.as_secs_f64(), seconds(elapsed_us)),
        time_took_us,
        comment: String::new(),
        event: Some((EventType::MinerSyntheticJobSuccess, EventSubtype::Success)),
        manifest_multiplier: None,
    }
}

/// The score of a right answer after `t` seconds, for t above 0. Not negative when
/// `t <= timeout`.
pub fn score(version: WeightsVersion, timeout: f64, t: f64) -> f64 {
    match version {
        WeightsVersion::V0 => 2.0 * (1.0 - t / (2.0 * timeout)),
        WeightsVersion::V1 | WeightsVersion::V2 => 1.0 / t,
        WeightsVersion::V3 | WeightsVersion::V4 => f64::from(u8::from(t <= timeout)),
    }
}

fn seconds(us: i64) -> f64 {
    us as f64 / 1e6
}

fn mismatch(finished: &Finished<'_>) -> String {
    /// The miner's message as it may have stood on the wire.
    #[derive(Serialize)]
    struct Message<'a> {
        job_uuid: &'a str,
        message_type: &'static str,
        docker_process_stdout: &'a str,
        docker_process_stderr: &'a str,
    }
    let message = Message {
        job_uuid: finished.job_uuid,
        message_type: "V0JobFinishedRequest",
        docker_process_stdout: cut(finished.stdout),
        docker_process_stderr: cut(finished.stderr),
    };
    let message = serde_json::to_string(&message).expect("texts are JSON");
    format!(
        "result does not match expected answer: {}, msg: {message}",
        finished.expected
    )
}

fn cut(text: &str) -> &str {
    text.char_indices()
        .nth(LONGEST_TEXT)
        .map_or(text, |(end, _)| &text[..end])
}
