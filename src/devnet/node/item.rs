//! One storage item: where it lies, what it holds, and how metadata describes it.
//! Reading and writing go through the same declaration, so that they cannot disagree.

use std::marker::PhantomData;

use frame_metadata::v14::{
    StorageEntryMetadata, StorageEntryModifier, StorageEntryType, StorageHasher,
};
use parity_scale_codec::{Decode, Encode};
use scale_info::{TypeInfo, meta_type};
use sp_crypto_hashing::{blake2_128, twox_64, twox_128};

use super::storage::Storage;

#[derive(Debug, Clone, Copy)]
pub(super) enum Hasher {
    Identity,
    Blake2,
    Twox,
}

impl Hasher {
    fn hashed(self, part: &[u8]) -> Vec<u8> {
        match self {
            Self::Identity => part.to_vec(),
            Self::Blake2 => [&blake2_128(part)[..], part].concat(),
            Self::Twox => [&twox_64(part)[..], part].concat(),
        }
    }
}

impl From<Hasher> for StorageHasher {
    fn from(hasher: Hasher) -> Self {
        match hasher {
            Hasher::Identity => Self::Identity,
            Hasher::Blake2 => Self::Blake2_128Concat,
            Hasher::Twox => Self::Twox64Concat,
        }
    }
}

/// The keys of an item: none, one or two.
pub(super) trait Keys {
    fn parts(&self) -> Vec<Vec<u8>>;
    /// As metadata shows a map; `None` for a plain value.
    fn info() -> Option<scale_info::MetaType>;
}

impl Keys for () {
    fn parts(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }
    fn info() -> Option<scale_info::MetaType> {
        None
    }
}

impl<A: Encode + TypeInfo + 'static> Keys for (A,) {
    fn parts(&self) -> Vec<Vec<u8>> {
        vec![self.0.encode()]
    }
    fn info() -> Option<scale_info::MetaType> {
        Some(meta_type::<A>())
    }
}

impl<A: Encode + TypeInfo + 'static, B: Encode + TypeInfo + 'static> Keys for (A, B) {
    fn parts(&self) -> Vec<Vec<u8>> {
        vec![self.0.encode(), self.1.encode()]
    }
    fn info() -> Option<scale_info::MetaType> {
        Some(meta_type::<(A, B)>())
    }
}

pub(super) struct Item<K, V> {
    pallet: &'static str,
    name: &'static str,
    hashers: &'static [Hasher],
    /// What an absent key means; `None`: nothing.
    default: fn() -> Option<V>,
    keys: PhantomData<fn(K)>,
}

impl<K, V> Item<K, V> {
    /// Absent keys mean no value.
    pub(super) const fn optional(
        pallet: &'static str,
        name: &'static str,
        hashers: &'static [Hasher],
    ) -> Self {
        Self::with_default(pallet, name, hashers, || None)
    }

    pub(super) const fn with_default(
        pallet: &'static str,
        name: &'static str,
        hashers: &'static [Hasher],
        default: fn() -> Option<V>,
    ) -> Self {
        Self {
            pallet,
            name,
            hashers,
            default,
            keys: PhantomData,
        }
    }
}

impl<K: Keys, V: Encode + Decode + TypeInfo + 'static> Item<K, V> {
    pub(super) fn key(&self, keys: &K) -> Vec<u8> {
        let parts = keys.parts();
        self.prefixed(parts.iter().map(Vec::as_slice))
    }

    /// The beginning of the keys of all entries.
    pub(super) fn prefix(&self) -> Vec<u8> {
        self.prefixed(std::iter::empty())
    }

    fn prefixed<'a>(&self, parts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
        let mut key = [
            twox_128(self.pallet.as_bytes()),
            twox_128(self.name.as_bytes()),
        ]
        .concat();
        for (hasher, part) in self.hashers.iter().zip(parts) {
            key.extend(hasher.hashed(part));
        }
        key
    }

    /// The newest value, or the default, or none.
    pub(super) fn find(&self, storage: &Storage, keys: K) -> Option<V> {
        match storage.get(&self.key(&keys)) {
            Some(mut bytes) => {
                Some(V::decode(&mut bytes).expect("written through this declaration"))
            }
            None => (self.default)(),
        }
    }

    pub(super) fn put(&self, storage: &mut Storage, keys: K, value: &V) {
        storage.put(self.key(&keys), Some(value.encode()));
    }

    pub(super) fn remove(&self, storage: &mut Storage, keys: K) {
        let key = self.key(&keys);
        if storage.get(&key).is_some() {
            storage.put(key, None);
        }
    }

    pub(super) fn metadata(&self) -> StorageEntryMetadata {
        let default = (self.default)();
        StorageEntryMetadata {
            name: self.name,
            modifier: match default {
                Some(_) => StorageEntryModifier::Default,
                None => StorageEntryModifier::Optional,
            },
            ty: match K::info() {
                None => StorageEntryType::Plain(meta_type::<V>()),
                Some(key) => StorageEntryType::Map {
                    hashers: self.hashers.iter().copied().map(Into::into).collect(),
                    key,
                    value: meta_type::<V>(),
                },
            },
            // Substrate writes `None` for what has no default
            default: default.map_or_else(|| vec![0], |value| value.encode()),
            docs: Vec::new(),
        }
    }
}

impl<K: Keys, V: Encode + Decode + TypeInfo + Default + 'static> Item<K, V> {
    /// An absent key means the type's own default.
    pub(super) const fn of(
        pallet: &'static str,
        name: &'static str,
        hashers: &'static [Hasher],
    ) -> Self {
        Self::with_default(pallet, name, hashers, || Some(V::default()))
    }

    pub(super) fn get(&self, storage: &Storage, keys: K) -> V {
        self.find(storage, keys).unwrap_or_default()
    }

    pub(super) fn change(&self, storage: &mut Storage, keys: K, change: impl FnOnce(&mut V))
    where
        K: Copy,
    {
        let mut value = self.get(storage, keys);
        change(&mut value);
        self.put(storage, keys, &value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_hashed_as_substrate_does() {
        // System.Account of Alice, a key that every Substrate chain shares
        let account: Item<([u8; 32],), u32> = Item::of("System", "Account", &[Hasher::Blake2]);
        let alice = "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";
        let mut public = [0; 32];
        hex::decode_to_slice(alice, &mut public).expect("64 digits");
        assert_eq!(
            hex::encode(account.key(&(public,))),
            format!(
                "26aa394eea5630e07c48ae0c9558cef7b99d880ec681799c0cf30e8886371da9\
                 de1e86a9a8c739864cf3cc5ec2bea59f{alice}"
            )
        );
    }
}
