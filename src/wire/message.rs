//! What the messages of both directions share: a type that is looked up before anything else
//! is read, the error for what is no message, and the error that either side may send.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::line::one_line;

/// Characters of a reader's finding that are kept: it may quote a text of any length.
const LONGEST_FINDING: usize = 200;

/// A text that is not one of the messages of its channel. Holds at most a piece of the text.
#[derive(Debug, thiserror::Error)]
#[error("not a message of this channel: {finding}")]
pub struct Malformed {
    finding: String,
    is_manifest: bool,
}

impl Malformed {
    pub(super) fn unknown_type() -> Self {
        Self::because("unknown message_type")
    }

    pub(super) fn because(finding: &str) -> Self {
        Self {
            finding: finding.to_owned(),
            is_manifest: false,
        }
    }

    pub(super) fn manifest(error: serde_json::Error) -> Self {
        Self {
            is_manifest: true,
            ..error.into()
        }
    }

    /// It was meant as a manifest. There will be no other one: such a miner has no executors.
    pub fn is_manifest(&self) -> bool {
        self.is_manifest
    }
}

impl From<serde_json::Error> for Malformed {
    fn from(error: serde_json::Error) -> Self {
        Self {
            finding: one_line(&error.to_string(), LONGEST_FINDING),
            is_manifest: false,
        }
    }
}

/// Something went wrong on the sender's side, or with what it received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenericError {
    pub details: Option<String>,
}

/// The type of a message. Everything else in it is skipped without being collected.
pub(super) fn message_type(text: &str) -> Result<Cow<'_, str>, Malformed> {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(borrow)]
        message_type: Cow<'a, str>,
    }
    Ok(serde_json::from_str::<Head<'_>>(text)?.message_type)
}
