//! What the messages of both directions share: a type that is looked up before anything else
//! is read, the error for what is no message, and the error that either side may send.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A text that is not one of the messages of its channel. Holds at most a name out of the text.
#[derive(Debug, thiserror::Error)]
#[error("not a message of this channel: {error}")]
pub struct Malformed {
    error: serde_json::Error,
    is_manifest: bool,
}

impl Malformed {
    pub(super) fn unknown_type() -> Self {
        <serde_json::Error as serde::de::Error>::custom("unknown message_type").into()
    }

    pub(super) fn manifest(error: serde_json::Error) -> Self {
        Self {
            error,
            is_manifest: true,
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
            error,
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
