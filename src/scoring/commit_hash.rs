//! The hash under which weights are committed before they are revealed
//! (spec: chain, section 8; vectors: weights_commit_hash).

use blake2::{Blake2b, Digest, digest::consts::U32};
use parity_scale_codec::Encode;

/// Everything that the hash covers. It must be revealed byte for byte.
#[derive(Debug, Clone, Copy)]
pub struct Commitment<'a> {
    /// Public key of the hotkey that commits.
    pub account: &'a [u8; 32],
    /// The netuid, or the storage index of another mechanism of the subnet.
    pub netuid: u16,
    pub uids: &'a [u16],
    pub values: &'a [u16],
    /// `None` for the runtimes 200 to 202, whose hash covers no salt.
    pub salt: Option<&'a [u16]>,
    pub version_key: u64,
}

impl Commitment<'_> {
    /// The SCALE encodings of all fields, one after the other.
    pub fn preimage(&self) -> Vec<u8> {
        let mut bytes = (self.account, self.netuid, self.uids, self.values).encode();
        if let Some(salt) = self.salt {
            salt.encode_to(&mut bytes);
        }
        self.version_key.encode_to(&mut bytes);
        bytes
    }

    /// BLAKE2b-256 of the preimage.
    pub fn hash(&self) -> [u8; 32] {
        Blake2b::<U32>::digest(self.preimage()).into()
    }
}
