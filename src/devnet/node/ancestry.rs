//! Hashes and headers: real ones from the first block on, made-up ones for the blocks before
//! it, so that a chain can begin at any height.

use sp_crypto_hashing::blake2_256;
use subxt::config::substrate::{Digest, DigestItem, SubstrateHeader};

use super::types::Hash;

pub(super) type Header = SubstrateHeader<subxt::config::substrate::H256>;

/// The blocks that were never produced, of the chain with this seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ancestry {
    pub(super) seed: u64,
}

impl Ancestry {
    /// The last eight bytes are the number, so that the block can be told from its hash.
    pub(super) fn hash(self, number: u64) -> Hash {
        let mut hash = blake2_256(&[self.seed.to_le_bytes(), number.to_le_bytes()].concat());
        hash[24..].copy_from_slice(&number.to_be_bytes());
        hash
    }

    /// `None`: not the hash of an earlier block of this chain.
    pub(super) fn number(self, hash: &Hash) -> Option<u64> {
        let number = u64::from_be_bytes(*hash.last_chunk::<8>()?);
        (self.hash(number) == *hash).then_some(number)
    }

    pub(super) fn header(self, number: u64) -> Header {
        let parent = number.checked_sub(1).map(|parent| self.hash(parent));
        Header {
            parent_hash: parent.unwrap_or_default().into(),
            number,
            state_root: [0; 32].into(),
            extrinsics_root: [0; 32].into(),
            digest: Digest::default(),
        }
    }
}

/// `slot` as Aura counts it: time through the length of a block.
pub(super) fn header(
    parent: Hash,
    number: u64,
    state_root: Hash,
    extrinsics_root: Hash,
    slot: u64,
) -> Header {
    Header {
        parent_hash: parent.into(),
        number,
        state_root: state_root.into(),
        extrinsics_root: extrinsics_root.into(),
        digest: Digest {
            logs: vec![DigestItem::PreRuntime(
                *b"aura",
                slot.to_le_bytes().to_vec(),
            )],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_was_never_produced_is_known_by_its_hash() {
        let ancestry = Ancestry { seed: 1 };
        assert_eq!(ancestry.number(&ancestry.hash(999_999)), Some(999_999));
        assert_eq!(ancestry.number(&Ancestry { seed: 2 }.hash(5)), None);
    }
}
