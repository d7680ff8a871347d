//! The truth about what was submitted and what became of it, for whoever runs the node.
//! Clients do not see it; they have the chain.

use crate::keys::Hotkey;

/// One extrinsic that the node could read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// BLAKE2b-256 of its bytes.
    pub hash: [u8; 32],
    pub signer: Hotkey,
    /// As the runtime names it, such as `set_weights`.
    pub call: &'static str,
    pub nonce: u32,
    /// Where it was included; for others, the best block when their fate was decided.
    pub block: u64,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    /// Included without effect, for the error of this name.
    Failed(&'static str),
    /// Never in the pool, for the reason given.
    Refused(String),
    /// Taken or about to be taken, and never included.
    Lost,
}

/// What a hotkey has committed and not yet revealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commit {
    Hash {
        hash: [u8; 32],
        block: u64,
        /// First and last block of the reveal.
        window: (u64, u64),
    },
    Timelocked {
        /// The index of the epoch it was committed in.
        epoch: u64,
        block: u64,
        round: u64,
    },
}
