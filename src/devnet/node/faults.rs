//! What may go wrong with a node, switched on and off while it runs.
//! Says what is wrong; `gate`, `pool` and `producer` make it so.

use std::collections::VecDeque;
use std::time::Duration;

#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// Every answer comes this much later.
    pub delay: Duration,
    /// Connections and requests are taken, nothing is answered.
    pub silent: bool,
    /// No new blocks, although the node answers.
    pub stalled: bool,
    /// New blocks are full of what others do: nothing of the pool is included.
    pub full: bool,
    /// New blocks carry a time that lies this far back.
    pub clock_behind: Duration,
    /// The node says that it belongs to another chain.
    pub other_genesis: bool,
    /// What happens to the next extrinsics submitted: one fault each, then all is well.
    pub submits: VecDeque<SubmitFault>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubmitFault {
    Refuse(PoolRefusal),
    /// Accepted, then dropped from the pool without a word.
    Lose,
    /// Said to be in the newest block, and final, and lost.
    Lie,
    /// Handed in a second time, which is what the answer is about.
    Double,
    /// The connection breaks before the answer, and the extrinsic is lost.
    CutBeforeTaking,
    /// The connection breaks before the answer, and the extrinsic is included all the same.
    CutAfterTaking,
}

/// Why the pool does not take an extrinsic, in Substrate's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PoolRefusal {
    #[error("Transaction call is not expected")]
    Call,
    #[error("Transaction is outdated")]
    Stale,
    #[error("Transaction has a bad signature")]
    BadSignature,
    #[error("Transaction has an ancient birth block")]
    AncientBirthBlock,
    #[error("Inability to pay some fees (e.g. account balance too low)")]
    Payment,
    /// The chain's own check of a call; the number's meaning depends on the generation.
    #[error("Custom error: {0}")]
    Custom(u8),
    #[error("Transaction is temporarily banned")]
    Banned,
    #[error("Transaction is already in the pool")]
    AlreadyImported,
    #[error("The transaction has too low priority to replace another one in the pool")]
    PriorityTooLow,
}

impl PoolRefusal {
    /// Code and message of the JSON-RPC error; the reason above goes into its data.
    pub(super) fn json_rpc(self) -> (i32, &'static str) {
        match self {
            Self::Banned => (1012, "Transaction is temporarily banned"),
            Self::AlreadyImported => (1013, "Transaction Already Imported"),
            Self::PriorityTooLow => (1014, "Priority is too low"),
            Self::Call
            | Self::Stale
            | Self::BadSignature
            | Self::AncientBirthBlock
            | Self::Payment
            | Self::Custom(_) => (1010, "Invalid Transaction"),
        }
    }
}
