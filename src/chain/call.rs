//! The extrinsics a validator sends, in the words of the domain. How each is spelled in a given
//! runtime stands in `call_data`; whether it is time to send one is decided by the weights pass.

use super::Hash;

/// Weights as they go over the wire: one u16 per uid, the largest 65535 when set directly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightVector {
    pub netuid: u16,
    pub uids: Vec<u16>,
    /// As long as `uids`.
    pub values: Vec<u16>,
    /// The validator release these weights come from; the subnet may demand a minimum.
    pub version_key: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Writes weights in the clear.
    SetWeights(WeightVector),
    /// Commits to the hash of weights (`scoring::Commitment`) that are revealed later.
    CommitHash { netuid: u16, hash: Hash },
    /// Reveals what was committed; `salt` is left out where the runtime knows none.
    Reveal {
        weights: WeightVector,
        salt: Vec<u16>,
    },
    /// Commits to weights encrypted to a drand round; the chain opens them by itself.
    CommitTimelocked {
        netuid: u16,
        ciphertext: Vec<u8>,
        reveal_round: u64,
        /// `Subnet::timelock_version`; not sent to runtimes that take none.
        version: u16,
    },
}
