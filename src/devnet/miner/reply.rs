//! What a miner does in answer to one message, step by step, as data: an honest plan that a
//! misbehaviour changes before it is carried out.

use std::time::Duration;

use super::Step;
use super::container::{Exit, Task};
use crate::wire::FromMiner;
use crate::wire::from_miner::{JobFailed, JobFinished, JobUuid};

#[derive(Debug, Clone)]
pub(super) enum Reply {
    Say(FromMiner),
    /// A text frame as it stands.
    Text(String),
    /// A binary frame as it stands.
    Bytes(Vec<u8>),
    Wait(Duration),
    /// Run the job and say what came out.
    Solve {
        job_uuid: String,
        task: Task,
    },
    Close,
}

impl Reply {
    pub(super) fn accept(job_uuid: &str) -> Self {
        Self::Say(FromMiner::AcceptJob(uuid(job_uuid)))
    }

    pub(super) fn decline(job_uuid: &str) -> Self {
        Self::Say(FromMiner::DeclineJob(uuid(job_uuid)))
    }

    pub(super) fn ready(job_uuid: &str) -> Self {
        Self::Say(FromMiner::ExecutorReady(uuid(job_uuid)))
    }

    pub(super) fn executor_failed(job_uuid: &str) -> Self {
        Self::Say(FromMiner::ExecutorFailed(uuid(job_uuid)))
    }

    pub(super) fn finished(job_uuid: &str, stdout: String) -> Self {
        Self::Say(FromMiner::JobFinished(JobFinished {
            job_uuid: job_uuid.to_owned(),
            docker_process_stdout: stdout,
            docker_process_stderr: String::new(),
        }))
    }

    pub(super) fn failed(job_uuid: &str, stderr: String) -> Self {
        Self::Say(FromMiner::JobFailed(JobFailed {
            job_uuid: job_uuid.to_owned(),
            docker_process_exit_status: Some(1),
            docker_process_stdout: String::new(),
            docker_process_stderr: stderr,
        }))
    }

    /// What an honest miner says of a job that has ended.
    pub(super) fn ended(job_uuid: &str, exit: Exit) -> Self {
        let job_uuid = job_uuid.to_owned();
        let (docker_process_stdout, docker_process_stderr) = (exit.stdout, exit.stderr);
        Self::Say(match exit.status {
            0 => FromMiner::JobFinished(JobFinished {
                job_uuid,
                docker_process_stdout,
                docker_process_stderr,
            }),
            status => FromMiner::JobFailed(JobFailed {
                job_uuid,
                docker_process_exit_status: Some(status),
                docker_process_stdout,
                docker_process_stderr,
            }),
        })
    }

    /// Which step of the protocol this is the honest miner's part in.
    pub(super) fn step(&self) -> Option<Step> {
        match self {
            Self::Say(FromMiner::Manifest(_)) => Some(Step::Manifest),
            Self::Say(FromMiner::AcceptJob(_)) => Some(Step::Accept),
            Self::Say(FromMiner::ExecutorReady(_)) => Some(Step::Ready),
            Self::Solve { .. } => Some(Step::Finish),
            _ => None,
        }
    }

    /// The job that this speaks of.
    pub(super) fn job_uuid(&self) -> Option<&str> {
        match self {
            Self::Say(FromMiner::AcceptJob(job) | FromMiner::ExecutorReady(job)) => {
                Some(&job.job_uuid)
            }
            Self::Solve { job_uuid, .. } => Some(job_uuid),
            _ => None,
        }
    }
}

fn uuid(job_uuid: &str) -> JobUuid {
    JobUuid {
        job_uuid: job_uuid.to_owned(),
    }
}
