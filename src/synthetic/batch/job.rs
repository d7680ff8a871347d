//! One job of a batch, from the bytes that will be sent to the times at which they were.

use std::time::Duration;

use tokio_tungstenite::tungstenite::Utf8Bytes;
use uuid::Uuid;

use super::llm::LlmTest;
use crate::hashjob::{self, HashJob};
use crate::llmjob::LlmJob;
use crate::miner::{Acceptance, Final, JobAnswers, Readiness, SendTimes};
use crate::scoring::job::{Answer, Finished, JobOutcome};
use crate::wire::to_miner::{InitialJob, Job as JobRequest};
use crate::wire::{ExecutorClass, ToMiner};

/// What a job is about, and how its answer is checked.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// Hash cracking: the answer is known beforehand and stands in the standard output.
    Hash { expected_answer: String },
    /// Prompts: the answers lie in a bucket and are compared with some that are known.
    Llm(Box<LlmTest>),
}

impl Kind {
    /// For an operator.
    pub(super) const fn description(&self) -> &'static str {
        match self {
            Self::Hash { .. } => "hash cracking",
            Self::Llm(_) => "LLM prompts",
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) uuid: String,
    pub(super) class: ExecutorClass,
    pub(super) kind: Kind,
    pub(super) timeout: Duration,
    /// Written before the first barrier; emptied when sent.
    pub(super) initial_text: Utf8Bytes,
    pub(super) request_text: Utf8Bytes,
    pub(super) initial_sent: Option<SendTimes>,
    pub(super) request_sent: Option<SendTimes>,
    pub(super) answers: JobAnswers,
    pub(super) outcome: Option<JobOutcome>,
}

impl Job {
    pub(super) fn hash(class: ExecutorClass, job: HashJob) -> Self {
        let uuid = Uuid::new_v4().to_string();
        let (early, late) = if job.volume_in_initial_request {
            (Some(job.volume), None)
        } else {
            (None, Some(job.volume))
        };
        let timeout_seconds = i64::try_from(job.timeout.as_secs()).expect("timeouts are minutes");
        let initial = ToMiner::InitialJob(InitialJob {
            job_uuid: uuid.clone(),
            executor_class: Some(class),
            base_docker_image_name: Some(job.base_image.to_owned()),
            timeout_seconds: Some(timeout_seconds),
            volume: early,
            volume_type: None,
        });
        let request = ToMiner::Job(JobRequest {
            job_uuid: uuid.clone(),
            executor_class: Some(class),
            docker_image_name: Some(job.docker_image.to_owned()),
            raw_script: job.raw_script.map(str::to_owned),
            docker_run_options_preset: job.docker_run_options_preset.to_owned(),
            docker_run_cmd: job.docker_run_cmd,
            volume: late,
            output_upload: None,
        });
        let kind = Kind::Hash {
            expected_answer: job.expected_answer,
        };
        Self::new(uuid, class, kind, job.timeout, &initial, &request)
    }

    pub(super) fn llm(class: ExecutorClass, job: LlmJob, test: LlmTest) -> Self {
        let uuid = Uuid::new_v4().to_string();
        let image = || Some(LlmJob::IMAGE.to_owned());
        let seconds = LlmJob::TIMEOUT.as_secs();
        let initial = ToMiner::InitialJob(InitialJob {
            job_uuid: uuid.clone(),
            executor_class: Some(class),
            base_docker_image_name: image(),
            timeout_seconds: Some(i64::try_from(seconds).expect("less than a minute")),
            volume: Some(job.volume()),
            volume_type: None,
        });
        let request = ToMiner::Job(JobRequest {
            job_uuid: uuid.clone(),
            executor_class: Some(class),
            docker_image_name: image(),
            raw_script: None,
            docker_run_options_preset: "nvidia_all".to_owned(),
            docker_run_cmd: job.arguments(),
            volume: None,
            output_upload: Some(job.output_upload()),
        });
        let kind = Kind::Llm(Box::new(test));
        Self::new(uuid, class, kind, LlmJob::TIMEOUT, &initial, &request)
    }

    fn new(
        uuid: String,
        class: ExecutorClass,
        kind: Kind,
        timeout: Duration,
        initial: &ToMiner,
        request: &ToMiner,
    ) -> Self {
        Self {
            uuid,
            class,
            kind,
            timeout,
            initial_text: initial.to_json().into(),
            request_text: request.to_json().into(),
            initial_sent: None,
            request_sent: None,
            answers: JobAnswers::default(),
            outcome: None,
        }
    }

    pub(super) fn is_accepted(&self) -> bool {
        self.answers
            .acceptance
            .is_some_and(|answer| answer.what == Acceptance::Accepted)
    }

    pub(super) fn is_ready(&self) -> bool {
        self.is_accepted()
            && self
                .answers
                .readiness
                .is_some_and(|answer| answer.what == Readiness::Ready)
    }

    /// Whether the miner has said all it has to say before the job request.
    pub(super) fn is_settled(answers: &JobAnswers) -> bool {
        let declined = |answer: Acceptance| answer == Acceptance::Declined;
        answers
            .acceptance
            .is_some_and(|answer| declined(answer.what) || answers.readiness.is_some())
    }

    /// The final answer as the score needs it.
    pub(super) fn answer(&self) -> Answer<'_> {
        let Some(end) = &self.answers.end else {
            return Answer::None;
        };
        match (&end.what, &self.kind) {
            (Final::Failed(failed), _) => Answer::Failed {
                exit_status: failed.docker_process_exit_status,
            },
            (Final::Finished(finished), Kind::Hash { expected_answer }) => {
                Answer::Finished(Finished {
                    job_uuid: &finished.job_uuid,
                    stdout: &finished.docker_process_stdout,
                    stderr: &finished.docker_process_stderr,
                    received_us: end.at.unix_us(),
                    expected: expected_answer,
                    is_right: hashjob::is_right(expected_answer, &finished.docker_process_stdout),
                })
            }
            (Final::Finished(finished), Kind::Llm(test)) => Answer::Finished(Finished {
                job_uuid: &finished.job_uuid,
                stdout: &finished.docker_process_stdout,
                stderr: &finished.docker_process_stderr,
                received_us: end.at.unix_us(),
                expected: "",
                is_right: test.finding.is_none(),
            }),
        }
    }

    /// The test of an LLM job whose miner says that it has put its answers into the bucket.
    pub(super) fn finished_test(&mut self) -> Option<&mut LlmTest> {
        let end = self.answers.end.as_ref()?;
        match (&end.what, &mut self.kind) {
            (Final::Finished(_), Kind::Llm(test)) => Some(test),
            _ => None,
        }
    }

    /// Why no job request went out, for a job that has none.
    pub(super) fn refusal(&self) -> &'static str {
        match (self.answers.acceptance, self.answers.readiness) {
            _ if self.initial_sent.is_none() => "the miner could not be reached any more",
            (None, _) => "neither accepted nor declined in time",
            (Some(answer), _) if answer.what == Acceptance::Declined => "declined by the miner",
            (Some(_), None) => "no executor was ready in time",
            (Some(_), Some(answer)) if answer.what == Readiness::Failed => {
                "the executor failed to start"
            }
            (Some(_), Some(_)) => "the executor was ready, but the request could not be sent",
        }
    }
}
