//! Misbehaviours to choose from. Each changes what an honest miner would do in answer to a
//! message; how that is carried out is not known here.

use std::time::Duration;

use super::Cheat;
use super::reply::Reply;
use crate::wire::FromMiner;
use crate::wire::from_miner::{
    ClaimedClass, Manifest, ManifestEntry, ManifestRequest, Unauthorized, UnauthorizedCode,
};

/// What a miner does in place of being honest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    Honest,
    /// Claims the next of these counts of its first class at each connection, round and round.
    Dancing(Vec<i64>),
    /// Refuses every job.
    Declines,
    /// Answers so much later than it could.
    Late(Duration),
    /// Answers with a text that is no answer.
    Wrong,
    /// Authenticated, it says nothing.
    SilentAtManifest,
    /// Its executors never become ready.
    SilentAfterAccept,
    /// Its jobs never end.
    SilentAtJob,
    /// Sends frames that are no messages, before honest ones or in place of them.
    Garbage {
        is_honest_between: bool,
    },
    /// Sends a final answer before it is asked, and the right one once it is.
    OutOfOrder,
    /// Its answers have so many MiB.
    Huge {
        mebibytes: usize,
    },
    /// Claims a billion executors of each class.
    HugeManifest,
    /// Closes the connection where it should do its part in this step, every time.
    ClosesAt(Step),
    /// The same, on its first connection only.
    ClosesOnceAt(Step),
    /// Sends a wrong answer, then the right one.
    Overwrites,
    /// Names a class in its manifest that does not exist.
    UnknownClass,
    /// Accepts jobs; then the executor does not come up.
    ExecutorFails,
    /// Starts jobs; then they end with an error.
    FailsJobs,
    /// Takes this validator for a stranger.
    Unauthorized,
    /// Puts other files than LLM jobs ask for.
    Cheats(Cheat),
}

/// The steps of the protocol in which a miner has a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The connection stands, nothing is said yet.
    Connect,
    Manifest,
    Accept,
    Ready,
    Finish,
    /// A receipt has come in.
    Receipt,
}

const WRONG_ANSWER: &str = "bm90IHRoZSBhbnN3ZXIgdG8gdGhpcyBqb2IgYXQgYWxs";

impl Behaviour {
    /// What this miner does where an honest one would do `honest`. `connection` counts those
    /// of this miner from 0.
    pub(super) fn replies(&self, honest: Vec<Reply>, connection: usize) -> Vec<Reply> {
        let replies = honest.into_iter();
        match self {
            Self::ClosesOnceAt(step) if connection == 0 => closing(replies, *step),
            Self::ClosesAt(step) => closing(replies, *step),
            Self::SilentAtManifest => silent_from(replies, Step::Manifest),
            Self::SilentAfterAccept => silent_from(replies, Step::Ready),
            Self::SilentAtJob => silent_from(replies, Step::Finish),
            _ => replies
                .flat_map(|reply| self.instead_of(reply, connection))
                .collect(),
        }
    }

    /// How it cheats in LLM jobs, if it does.
    pub(super) fn cheat(&self) -> Option<Cheat> {
        match self {
            Self::Cheats(cheat) => Some(cheat.clone()),
            _ => None,
        }
    }

    /// Whether the connection ends at a step at which nothing would be said.
    pub(super) fn closes_at(&self, step: Step, connection: usize) -> bool {
        match self {
            Self::ClosesAt(at) => *at == step,
            Self::ClosesOnceAt(at) => *at == step && connection == 0,
            _ => false,
        }
    }

    fn instead_of(&self, reply: Reply, connection: usize) -> Vec<Reply> {
        if let Self::Garbage { is_honest_between } = self {
            let mut frames = garbage();
            frames.extend(is_honest_between.then_some(reply));
            return frames;
        }
        match reply.step() {
            Some(Step::Manifest) => self.instead_of_manifest(reply, connection),
            Some(step) => {
                let job_uuid = reply.job_uuid().unwrap_or_default().to_owned();
                self.instead_of_job(step, reply, &job_uuid)
            }
            None => vec![reply],
        }
    }

    fn instead_of_manifest(&self, reply: Reply, connection: usize) -> Vec<Reply> {
        match self {
            Self::Dancing(counts) if !counts.is_empty() => {
                let count = counts[connection % counts.len()];
                vec![with_manifest(reply, |entries| {
                    if let Some(first) = entries.first_mut() {
                        first.count = count;
                    }
                })]
            }
            Self::HugeManifest => vec![with_manifest(reply, |entries| {
                entries
                    .iter_mut()
                    .for_each(|entry| entry.count = 1_000_000_000);
            })],
            Self::UnknownClass => vec![Reply::Text(unknown_class())],
            Self::Unauthorized => vec![refusal(UnauthorizedCode::UnknownValidator), Reply::Close],
            _ => vec![reply],
        }
    }

    fn instead_of_job(&self, step: Step, reply: Reply, job_uuid: &str) -> Vec<Reply> {
        let wrong = || Reply::finished(job_uuid, WRONG_ANSWER.to_owned());
        match (self, step) {
            (Self::Declines, Step::Accept) => vec![Reply::decline(job_uuid)],
            (Self::Declines, _) => Vec::new(),
            (Self::ExecutorFails, Step::Ready) => vec![Reply::executor_failed(job_uuid)],
            (Self::OutOfOrder, Step::Ready) => vec![wrong(), reply],
            (Self::Late(by), Step::Finish) => vec![Reply::Wait(*by), reply],
            (Self::Wrong, Step::Finish) => vec![wrong()],
            (Self::Overwrites, Step::Finish) => vec![wrong(), reply],
            (Self::FailsJobs, Step::Finish) => {
                vec![Reply::failed(job_uuid, "no such device".to_owned())]
            }
            (Self::Huge { mebibytes }, Step::Finish) => {
                vec![Reply::finished(job_uuid, "x".repeat(mebibytes << 20))]
            }
            _ => vec![reply],
        }
    }
}

/// Everything up to `step`, and there the end of the connection.
fn closing(replies: impl Iterator<Item = Reply>, step: Step) -> Vec<Reply> {
    let mut kept: Vec<Reply> = Vec::new();
    for reply in replies {
        if reply.step() == Some(step) {
            kept.push(Reply::Close);
            break;
        }
        kept.push(reply);
    }
    kept
}

fn silent_from(replies: impl Iterator<Item = Reply>, step: Step) -> Vec<Reply> {
    replies
        .take_while(|reply| reply.step() != Some(step))
        .collect()
}

fn with_manifest(reply: Reply, change: impl Fn(&mut Vec<ManifestEntry>)) -> Reply {
    match reply {
        Reply::Say(FromMiner::Manifest(mut request)) => {
            change(&mut request.manifest.executor_classes);
            Reply::Say(FromMiner::Manifest(request))
        }
        other => other,
    }
}

pub(super) fn manifest(executors: &[(crate::wire::ExecutorClass, i64)]) -> Reply {
    let entries = executors.iter().map(|(class, count)| ManifestEntry {
        executor_class: ClaimedClass::Named(*class),
        count: *count,
    });
    Reply::Say(FromMiner::Manifest(ManifestRequest {
        manifest: Manifest {
            executor_classes: entries.collect(),
        },
    }))
}

pub(super) fn refusal(code: UnauthorizedCode) -> Reply {
    Reply::Say(FromMiner::Unauthorized(Unauthorized {
        code,
        details: None,
    }))
}

fn unknown_class() -> String {
    serde_json::json!({
        "message_type": "V0ExecutorManifestRequest",
        "manifest": {"executor_classes": [
            {"executor_class": "spin_up-4min.gpu-24gb", "count": 1},
            {"executor_class": "always_on.quantum", "count": 1},
        ]},
    })
    .to_string()
}

/// Frames that look like messages to ever smaller degrees.
fn garbage() -> Vec<Reply> {
    vec![
        Reply::Text(r#"{"message_type": "V0JobFinishedRequest"}"#.to_owned()),
        Reply::Text(r#"{"message_type": "V9Unheard", "job_uuid": 7}"#.to_owned()),
        Reply::Text("[".repeat(100_000)),
        Reply::Text("\u{0}\u{fffd} not JSON".to_owned()),
        Reply::Bytes(vec![0xff, 0xfe, 0x00, 0x80]),
        Reply::Text(String::new()),
    ]
}
