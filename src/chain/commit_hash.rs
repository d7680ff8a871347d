//! The hash by which weights are committed before they are revealed: chain.md, section 8.

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use parity_scale_codec::Encode;

use super::{Hash, WeightVector};
use crate::keys::Hotkey;

/// BLAKE2b-256 over the concatenated SCALE encodings of hotkey, netuid, uids, values, salt and
/// version key. `salt` is `None` where the runtime's reveal takes none.
pub fn commit_hash(hotkey: &Hotkey, weights: &WeightVector, salt: Option<&[u16]>) -> Hash {
    Hash::new(blake2_256(&preimage(hotkey, weights, salt)))
}

fn preimage(hotkey: &Hotkey, weights: &WeightVector, salt: Option<&[u16]>) -> Vec<u8> {
    let mut bytes = hotkey.public().to_vec();
    weights.netuid.encode_to(&mut bytes);
    weights.uids.encode_to(&mut bytes);
    weights.values.encode_to(&mut bytes);
    if let Some(salt) = salt {
        salt.encode_to(&mut bytes);
    }
    weights.version_key.encode_to(&mut bytes);
    bytes
}

/// The chain's own hash function: of extrinsics, blocks and commits.
pub(crate) fn blake2_256(bytes: &[u8]) -> [u8; 32] {
    Blake2b::<U32>::digest(bytes).into()
}
