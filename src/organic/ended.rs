//! How a job ended: what it means for the user, for the statistics and for an operator.

use std::collections::BTreeMap;

use crate::miner::{Final, Moment};
use crate::store::ReceiptRow;
use crate::wire::event::{EventSubtype, EventType};
use crate::wire::facilitator::JobStatus;

/// Every way in which a job can end (spec: organic jobs, steps 1 to 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Completed,
    /// The job's process ended badly.
    Failed,
    /// The miner, or its executor, would not.
    Rejected,
    /// This validator would not.
    Refused,
    NoConnection,
    NotReady,
    TimedOut,
    /// This validator was restarted or had a fault of its own.
    Lost,
}

impl Verdict {
    pub const fn is_completed(self) -> bool {
        matches!(self, Self::Completed)
    }

    /// What the user is told.
    pub const fn status(self) -> JobStatus {
        match self {
            Self::Completed => JobStatus::Completed,
            Self::Rejected | Self::Refused => JobStatus::Rejected,
            Self::Failed | Self::NoConnection | Self::NotReady | Self::TimedOut | Self::Lost => {
                JobStatus::Failed
            }
        }
    }

    pub const fn event(self) -> (EventType, EventSubtype) {
        let failure = EventType::MinerOrganicJobFailure;
        match self {
            Self::Completed => (EventType::MinerOrganicJobSuccess, EventSubtype::Success),
            Self::Failed => (failure, EventSubtype::Failure),
            Self::Rejected | Self::Refused => (failure, EventSubtype::JobRejected),
            Self::NoConnection => (failure, EventSubtype::MinerConnectionError),
            Self::NotReady => (failure, EventSubtype::JobNotStarted),
            Self::TimedOut => (failure, EventSubtype::JobExecutionTimeout),
            Self::Lost => (failure, EventSubtype::GenericError),
        }
    }
}

/// Something that went wrong beside the job, which does not fail for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mishap {
    pub subtype: EventSubtype,
    pub description: String,
}

#[derive(Debug, Clone)]
pub struct Ended {
    pub verdict: Verdict,
    /// One line for an operator and the user.
    pub comment: String,
    /// The miner's last answer, where there was one.
    pub answer: Option<Final>,
    /// Receipts that this validator signed.
    pub receipts: Vec<ReceiptRow>,
    pub mishaps: Vec<Mishap>,
    /// When each step was reached.
    pub times: BTreeMap<&'static str, Moment>,
}

impl Ended {
    /// A job that nobody was asked to do.
    pub fn before_it_began(verdict: Verdict, comment: impl Into<String>) -> Self {
        Self {
            verdict,
            comment: comment.into(),
            answer: None,
            receipts: Vec::new(),
            mishaps: Vec::new(),
            times: BTreeMap::new(),
        }
    }

    /// Standard output and standard error of the job's process; empty where it did not run.
    pub fn outputs(&self) -> (&str, &str) {
        match &self.answer {
            Some(Final::Finished(end)) => (&end.docker_process_stdout, &end.docker_process_stderr),
            Some(Final::Failed(end)) => (&end.docker_process_stdout, &end.docker_process_stderr),
            None => ("", ""),
        }
    }

    pub fn exit_status(&self) -> Option<i64> {
        match &self.answer {
            Some(Final::Failed(failed)) => failed.docker_process_exit_status,
            Some(Final::Finished(_)) | None => None,
        }
    }
}
