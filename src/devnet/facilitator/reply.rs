//! What a facilitator does at one moment of a connection, as data: an honest plan that a
//! misbehaviour changes before it is carried out.

use super::Order;
use crate::wire::facilitator::{Response, ResponseError, ResponseStatus};

#[derive(Debug, Clone)]
pub(super) enum Reply {
    Answer(Response),
    HandOut(Order),
    /// A text frame as it stands.
    Text(String),
    /// A binary frame as it stands.
    Bytes(Vec<u8>),
    /// With a close frame.
    Close,
    /// Without one.
    HangUp,
    /// Nothing is read or said any more, and the connection stays.
    FallSilent,
}

impl Reply {
    pub(super) fn success() -> Self {
        Self::Answer(Response {
            status: ResponseStatus::Success,
            errors: Vec::new(),
        })
    }

    pub(super) fn refusal(msg: impl Into<String>) -> Self {
        Self::Answer(Response {
            status: ResponseStatus::Error,
            errors: vec![ResponseError {
                msg: msg.into(),
                kind: "value_error".to_owned(),
                help: String::new(),
                more: Default::default(),
            }],
        })
    }
}
