//! What the messages of both directions share: a type that is looked up before anything else
//! is read, the error for what is no message, and the error that either side may send.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A text that is not one of the messages of its channel. Never holds the text.
#[derive(Debug, thiserror::Error)]
#[error("not a message of this channel: {0}")]
pub struct Malformed(#[from] serde_json::Error);

impl Malformed {
    pub(super) fn unknown_type() -> Self {
        Self(serde::de::Error::custom("unknown message_type"))
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
