//! What a miner has said so far. Of every kind of answer only the first counts: a miner that
//! could answer again would wait for the clock and then choose (spec: miner protocol).

use std::collections::{BTreeMap, HashMap};

use serde_json::value::RawValue;

use super::Moment;
use crate::wire::from_miner::{JobFailed, JobFinished, Manifest};
use crate::wire::{FromMiner, Malformed};

/// An honest miner cuts outputs at 1000 characters, of up to four bytes each.
const LONGEST_OUTPUT: usize = 4096;

/// Of specs, which nobody waits for, no more than this is kept per job.
const LONGEST_SPECS: usize = 16 * 1024;

/// A manifest has one short entry per class. What is larger would be kept for nothing.
const LARGEST_MANIFEST: usize = 64 * 1024;

/// Noise is whatever helps nobody: what cannot be read, comes twice or belongs to no job. Past
/// this many bytes the connection is closed for good. One huge message is below it.
const MOST_NOISE: u64 = 128 * 1024 * 1024;

/// What the shortest message counts for, since reading it has a price as well.
const LEAST_NOISE: u64 = 1024;

/// What a ping counts for: its answer lies in memory until the miner reads it. So there are no more
/// than 1024, which at three a minute last for hours.
const PING_NOISE: usize = 128 * 1024;

/// Errors in answer to unreadable messages, per miner.
const MOST_REPLIES: u32 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timed<T> {
    pub at: Moment,
    pub what: T,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    Accepted,
    Declined,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    Ready,
    Failed,
}

/// The last answer of a job. Outputs are cut at 4096 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Final {
    Finished(JobFinished),
    Failed(JobFailed),
}

/// The first answer of each kind.
#[derive(Debug, Clone, Default)]
pub struct JobAnswers {
    pub acceptance: Option<Timed<Acceptance>>,
    pub readiness: Option<Timed<Readiness>>,
    pub end: Option<Timed<Final>>,
    /// The latest, if it is not overly long.
    pub specs: Option<Box<RawValue>>,
}

/// The first manifest, or why it could not be read.
pub type ManifestAnswer = Result<Manifest, String>;

/// Why nothing more will come from a miner.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    #[error("no connection after {attempts} attempts: {error}")]
    Unreachable { attempts: u32, error: String },
    #[error("the miner does not accept this validator: {details}")]
    Unauthorized { details: String },
    #[error("the miner sends too much that is of no use")]
    Noise,
    #[error("closed by this validator")]
    Ours,
}

/// What is kept of all messages of one miner.
#[derive(Debug, Default)]
pub struct Inbox {
    pub manifest: Option<Timed<ManifestAnswer>>,
    /// By uuid: an answer for any other job is noise.
    pub jobs: HashMap<String, JobAnswers>,
    pub(super) closed: Option<CloseReason>,
    /// There was a connection on which this side has said who it is.
    pub(super) is_established: bool,
    /// Messages by type; those that could not be read under "".
    pub(super) counts: BTreeMap<&'static str, u32>,
    noise: u64,
    replies: u32,
}

/// What the reader has to do after a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    Continue,
    /// Tell the miner that its message was not understood.
    Complain,
    Close(CloseReason),
}

impl Inbox {
    /// Takes one message of `size` bytes that arrived at `at`.
    pub fn take(&mut self, message: Result<FromMiner, Malformed>, size: usize, at: Moment) -> Next {
        let name = message.as_ref().map_or("", FromMiner::message_type);
        *self.counts.entry(name).or_default() += 1;
        let message = match message {
            Ok(message) if message.is_unauthorized() => {
                return Next::Close(CloseReason::Unauthorized {
                    details: details(&message),
                });
            }
            Ok(message) => message,
            Err(malformed) => return self.refuse(&malformed, size, at),
        };
        if matches!(message, FromMiner::Manifest(_)) && size > LARGEST_MANIFEST {
            put(
                &mut self.manifest,
                at,
                Err(format!("a manifest of {size} bytes")),
            );
            return self.hear_noise(size);
        }
        if self.keep(message, at) {
            Next::Continue
        } else {
            self.hear_noise(size)
        }
    }

    /// Whether the message was of use.
    fn keep(&mut self, message: FromMiner, at: Moment) -> bool {
        let (uuid, first) = match message {
            FromMiner::Manifest(request) => {
                return put(&mut self.manifest, at, Ok(request.manifest));
            }
            FromMiner::GenericError(error) => {
                let details = error.details.unwrap_or_default();
                tracing::debug!(details = short(&details), "miner reports an error");
                return false;
            }
            FromMiner::Unauthorized(_) => return false,
            FromMiner::AcceptJob(job) => (job.job_uuid, First::Acceptance(Acceptance::Accepted)),
            FromMiner::DeclineJob(job) => (job.job_uuid, First::Acceptance(Acceptance::Declined)),
            FromMiner::ExecutorReady(job) => (job.job_uuid, First::Readiness(Readiness::Ready)),
            FromMiner::ExecutorFailed(job) => (job.job_uuid, First::Readiness(Readiness::Failed)),
            FromMiner::JobFinished(mut job) => {
                cut(&mut job.docker_process_stdout);
                cut(&mut job.docker_process_stderr);
                (job.job_uuid.clone(), First::End(Final::Finished(job)))
            }
            FromMiner::JobFailed(mut job) => {
                cut(&mut job.docker_process_stdout);
                cut(&mut job.docker_process_stderr);
                (job.job_uuid.clone(), First::End(Final::Failed(job)))
            }
            FromMiner::MachineSpecs(specs) => {
                let Some(job) = self.jobs.get_mut(&specs.job_uuid) else {
                    return false;
                };
                let is_first = job.specs.is_none();
                if specs.specs.specs.get().len() <= LONGEST_SPECS {
                    job.specs = Some(specs.specs.specs);
                }
                return is_first;
            }
        };
        let Some(job) = self.jobs.get_mut(&uuid) else {
            tracing::debug!(job = short(&uuid), "answer for a job that is not ours");
            return false;
        };
        let is_first = match first {
            First::Acceptance(what) => put(&mut job.acceptance, at, what),
            First::Readiness(what) => put(&mut job.readiness, at, what),
            First::End(what) => put(&mut job.end, at, what),
        };
        if !is_first {
            tracing::debug!(job = uuid, "answered twice, the first answer counts");
        }
        is_first
    }

    fn refuse(&mut self, malformed: &Malformed, size: usize, at: Moment) -> Next {
        tracing::debug!(%malformed, size, "unreadable message");
        if malformed.is_manifest() {
            put(&mut self.manifest, at, Err(malformed.to_string()));
        }
        match self.hear_noise(size) {
            Next::Continue if self.replies < MOST_REPLIES => {
                self.replies += 1;
                Next::Complain
            }
            next => next,
        }
    }

    pub(super) fn hear_ping(&mut self) -> Next {
        self.hear_noise(PING_NOISE)
    }

    /// Something of `size` bytes that says nothing.
    pub fn hear_noise(&mut self, size: usize) -> Next {
        self.noise = self.noise.saturating_add(LEAST_NOISE.max(size as u64));
        if self.noise > MOST_NOISE {
            Next::Close(CloseReason::Noise)
        } else {
            Next::Continue
        }
    }
}

enum First {
    Acceptance(Acceptance),
    Readiness(Readiness),
    End(Final),
}

fn put<T>(place: &mut Option<Timed<T>>, at: Moment, what: T) -> bool {
    let is_empty = place.is_none();
    if is_empty {
        *place = Some(Timed { at, what });
    }
    is_empty
}

fn cut(output: &mut String) {
    if output.len() > LONGEST_OUTPUT {
        // a copy, so that the long text's memory is given back
        *output = output[..output.floor_char_boundary(LONGEST_OUTPUT)].to_owned();
    }
}

fn details(message: &FromMiner) -> String {
    match message {
        FromMiner::GenericError(error) => short(error.details.as_deref().unwrap_or("")).to_owned(),
        FromMiner::Unauthorized(error) => {
            let details = short(error.details.as_deref().unwrap_or(""));
            format!("{} {details}", error.code.name())
                .trim_end()
                .to_owned()
        }
        _ => String::new(),
    }
}

/// The beginning of a stranger's text, for a log line.
fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(100)]
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;
    use crate::miner::Clock;

    fn take(inbox: &mut Inbox, text: &str) -> Next {
        inbox.take(
            FromMiner::parse(text),
            text.len(),
            Clock::showing(Utc::now()).now(),
        )
    }

    #[test]
    fn a_huge_manifest_is_not_kept() {
        let mut inbox = Inbox::default();
        let entry = r#"{"executor_class": 0, "count": 1},"#.repeat(100_000);
        let entries = entry.trim_end_matches(',');
        let text = format!(
            r#"{{"message_type": "V0ExecutorManifestRequest",
                "manifest": {{"executor_classes": [{entries}]}}}}"#
        );
        assert_eq!(take(&mut inbox, &text), Next::Continue);
        let refused = inbox
            .manifest
            .expect("decided")
            .what
            .expect_err("too large");
        assert_eq!(refused, format!("a manifest of {} bytes", text.len()));
    }

    #[test]
    fn pings_are_answered_as_long_as_they_are_not_a_flood() {
        let mut inbox = Inbox::default();
        for _ in 0..1024 {
            assert_eq!(inbox.hear_ping(), Next::Continue);
        }
        assert_eq!(inbox.hear_ping(), Next::Close(CloseReason::Noise));
    }

    #[test]
    fn an_error_does_not_keep_the_text_that_it_quotes() {
        let mut inbox = Inbox::default();
        let long = "x".repeat(1 << 20);
        let text =
            format!(r#"{{"message_type": "V0ExecutorManifestRequest", "manifest": "{long}"}}"#);
        assert_eq!(take(&mut inbox, &text), Next::Complain);
        let refused = inbox
            .manifest
            .expect("decided")
            .what
            .expect_err("unreadable");
        assert!(refused.len() < 1000);
    }
}
