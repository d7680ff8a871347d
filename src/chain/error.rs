//! What can go wrong between us and a node, and what the operator can do about it.
//! Refusals of an extrinsic are no such error: they stand in `refusal`.

use super::Hash;
use crate::line::one_line;

#[derive(Debug, Clone, thiserror::Error)]
pub enum ChainError {
    #[error("cannot reach {endpoint}: {reason}")]
    Unreachable { endpoint: String, reason: String },

    #[error("no answer from {endpoint} to {method} within {seconds} s")]
    Silent {
        endpoint: String,
        method: &'static str,
        seconds: u64,
    },

    #[error("{endpoint} no longer keeps the state of block {block}")]
    StateDiscarded { endpoint: String, block: String },

    #[error("{endpoint} does not know block {block}")]
    NoSuchBlock { endpoint: String, block: String },

    #[error("{endpoint} refused {method}: {message} (code {code})")]
    Refused {
        endpoint: String,
        method: &'static str,
        code: i32,
        message: String,
    },

    #[error("{endpoint} is on another chain: its first block is {found}, expected {expected}")]
    OtherChain {
        endpoint: String,
        expected: Hash,
        found: Hash,
    },

    /// An answer that does not have the shape it must have; the node or this program is wrong.
    #[error("cannot read {what}: {reason}")]
    Unreadable { what: String, reason: String },

    /// The runtime is older or newer than what this program can work with.
    #[error("the runtime (spec {spec_version}) has no {what}")]
    Missing { what: String, spec_version: u32 },
}

impl ChainError {
    /// Whether the next pass may succeed without anyone doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Silent { .. } | Self::NoSuchBlock { .. } => true,
            Self::StateDiscarded { .. }
            | Self::Refused { .. }
            | Self::OtherChain { .. }
            | Self::Unreadable { .. }
            | Self::Missing { .. } => false,
        }
    }

    /// What the operator can do, where one thing is obvious.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::StateDiscarded { .. } => {
                Some("an ordinary node keeps about 256 blocks: use the network `archive`")
            }
            Self::OtherChain { .. } => {
                Some("check BITTENSOR_NETWORK: this node does not belong to the network it names")
            }
            Self::Missing { .. } => Some("look for a newer release of this validator"),
            Self::Unreachable { .. } | Self::Silent { .. } => {
                Some("check whether this node runs, or name another one in BITTENSOR_NETWORK")
            }
            Self::NoSuchBlock { .. } | Self::Refused { .. } | Self::Unreadable { .. } => None,
        }
    }

    pub(crate) fn unreadable(what: impl Into<String>, reason: impl ToString) -> Self {
        Self::Unreadable {
            what: what.into(),
            reason: shortened(&reason.to_string()),
        }
    }
}

/// Texts of a node end up in logs and in the database: keep them short and on one line.
pub(crate) fn shortened(text: &str) -> String {
    const LONGEST: usize = 300;
    one_line(text, LONGEST)
}
