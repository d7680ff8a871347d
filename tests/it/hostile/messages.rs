//! Texts that begin like messages of a miner and are none, or speak of what is not theirs.

use horde_validator::devnet::miner::Step;

use crate::peer::{about, finished};

const DEEP: usize = 100_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    /// Lists in lists, 100,000 of them.
    Deep,
    /// Every key twice, with another value.
    KeysTwice,
    NotANumber,
    /// 1e400, which no number holds.
    HugeNumber,
    /// 100,000 entries where a list is expected, a text of as many bytes elsewhere.
    Long,
}

impl Text {
    pub(super) const ALL: [Self; 5] = [
        Self::Deep,
        Self::KeysTwice,
        Self::NotANumber,
        Self::HugeNumber,
        Self::Long,
    ];

    /// What is said at this step.
    pub(super) fn at(self, step: Step, job_uuid: &str) -> String {
        match step {
            Step::Manifest => self.manifest(),
            _ => self.end(job_uuid),
        }
    }

    fn manifest(self) -> String {
        let entry = |count: &str| {
            format!(r#"{{"executor_class": "always_on.gpu-24gb", "count": {count}}}"#)
        };
        let classes = match self {
            Self::Deep => deep(),
            Self::KeysTwice => entry(r#"1, "count": 2"#),
            Self::NotANumber => entry("NaN"),
            Self::HugeNumber => entry("1e400"),
            Self::Long => vec![entry("1"); DEEP].join(","),
        };
        format!(
            r#"{{"message_type": "V0ExecutorManifestRequest",
                "manifest": {{"executor_classes": [{classes}]}}}}"#
        )
    }

    fn end(self, job_uuid: &str) -> String {
        let status = match self {
            Self::Deep => deep(),
            Self::KeysTwice => r#"1, "docker_process_exit_status": 0"#.to_owned(),
            Self::NotANumber => "NaN".to_owned(),
            Self::HugeNumber => "1e400".to_owned(),
            Self::Long => format!("\"{}\"", "1".repeat(DEEP)),
        };
        format!(
            r#"{{"message_type": "V0JobFailedRequest", "job_uuid": "{job_uuid}",
                "docker_process_stdout": "", "docker_process_stderr": "",
                "docker_process_exit_status": {status}}}"#
        )
    }
}

fn deep() -> String {
    "[".repeat(DEEP) + &"]".repeat(DEEP)
}

/// Everything that can be said about a job, as if it were one's own.
pub(super) fn slander(job_uuid: &str) -> Vec<String> {
    vec![
        about("V0DeclineJobRequest", job_uuid),
        about("V0ExecutorFailedRequest", job_uuid),
        finished(job_uuid, "wrong"),
    ]
}
