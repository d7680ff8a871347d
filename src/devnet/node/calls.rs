//! The calls of the runtime, as they are encoded and as metadata shows them.
//! A generation may know fewer of them; see `is_offered`.

use parity_scale_codec::{Decode, Encode};
use scale_info::TypeInfo;

use super::CommitScheme;
use super::types::H256;

#[derive(Debug, Clone, Encode, Decode, TypeInfo)]
pub(super) enum RuntimeCall {
    #[codec(index = 2)]
    Timestamp(TimestampCall),
    #[codec(index = 7)]
    SubtensorModule(SubtensorCall),
}

#[derive(Debug, Clone, Encode, Decode, TypeInfo)]
#[expect(
    non_camel_case_types,
    reason = "metadata shows calls as functions are named"
)]
pub(super) enum TimestampCall {
    #[codec(index = 0)]
    set {
        #[codec(compact)]
        now: u64,
    },
}

#[derive(Debug, Clone, Encode, Decode, TypeInfo)]
#[expect(
    non_camel_case_types,
    reason = "metadata shows calls as functions are named"
)]
pub(super) enum SubtensorCall {
    #[codec(index = 0)]
    set_weights {
        netuid: u16,
        dests: Vec<u16>,
        weights: Vec<u16>,
        version_key: u64,
    },
    #[codec(index = 96)]
    commit_weights { netuid: u16, commit_hash: H256 },
    #[codec(index = 97)]
    reveal_weights {
        netuid: u16,
        uids: Vec<u16>,
        values: Vec<u16>,
        salt: Vec<u16>,
        version_key: u64,
    },
    #[codec(index = 113)]
    commit_timelocked_weights {
        netuid: u16,
        commit: Vec<u8>,
        reveal_round: u64,
        commit_reveal_version: u16,
    },
}

impl SubtensorCall {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::set_weights { .. } => "set_weights",
            Self::commit_weights { .. } => "commit_weights",
            Self::reveal_weights { .. } => "reveal_weights",
            Self::commit_timelocked_weights { .. } => "commit_timelocked_weights",
        }
    }

    pub(super) fn netuid(&self) -> u16 {
        match self {
            Self::set_weights { netuid, .. }
            | Self::commit_weights { netuid, .. }
            | Self::reveal_weights { netuid, .. }
            | Self::commit_timelocked_weights { netuid, .. } => *netuid,
        }
    }
}

/// Whether the runtime of a generation has the call.
pub(super) fn is_offered(scheme: CommitScheme, call: &str) -> bool {
    match call {
        "commit_weights" | "reveal_weights" => scheme != CommitScheme::Off,
        "commit_timelocked_weights" => scheme == CommitScheme::Timelocked,
        _ => true,
    }
}
