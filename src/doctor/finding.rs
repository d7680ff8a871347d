//! What was found out about one thing.

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Ok,
    /// The validator works, but not for ever or not as well as it could.
    Warn,
    Fail,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    pub verdict: Verdict,
    pub finding: String,
    pub to_do: Option<String>,
}

impl Finding {
    pub(super) fn ok(what: &'static str, finding: impl Into<String>) -> Self {
        Self {
            what,
            verdict: Verdict::Ok,
            finding: finding.into(),
            to_do: None,
        }
    }

    pub(super) fn warn(
        what: &'static str,
        finding: impl Into<String>,
        to_do: impl Into<String>,
    ) -> Self {
        Self {
            verdict: Verdict::Warn,
            to_do: Some(to_do.into()),
            ..Self::ok(what, finding)
        }
    }

    pub(super) fn fail(
        what: &'static str,
        finding: impl Into<String>,
        to_do: impl Into<String>,
    ) -> Self {
        Self {
            verdict: Verdict::Fail,
            ..Self::warn(what, finding, to_do)
        }
    }

    /// Of anything that passes can fail with.
    pub(super) fn failed(what: &'static str, failure: impl Into<crate::pass::Failure>) -> Self {
        let failure = failure.into();
        Self {
            verdict: Verdict::Fail,
            to_do: failure.advice(),
            ..Self::ok(what, failure.lines().join(": "))
        }
    }
}
