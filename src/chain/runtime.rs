//! One runtime version: its metadata, and everything that is looked up in it by name. Encodes
//! storage keys and decodes values; sends nothing. Calls and signing stand in `extrinsic`.
//! No index, no layout and no field order is known in advance: they have all moved.

use parity_scale_codec::Decode;
use subxt::client::OfflineClientAtBlock;
use subxt::config::substrate::{H256, SpecVersionForRange};
use subxt::ext::scale_decode::DecodeAsType;
use subxt::ext::scale_value::Value;
use subxt::metadata::{Metadata, StorageEntryMetadata};
use subxt::{OfflineClient, SubstrateConfig};

use super::{ChainError, Hash};
use crate::keys::Hotkey;

/// The pallet in which nearly everything of ours lives.
pub(super) const SUBTENSOR: &str = "SubtensorModule";

pub struct Runtime {
    client: OfflineClientAtBlock<SubstrateConfig>,
}

/// A storage item by name.
#[derive(Debug, Clone, Copy)]
pub struct Item {
    pub pallet: &'static str,
    pub name: &'static str,
}

/// An item of the pallet `SubtensorModule`.
pub(super) const fn subtensor(name: &'static str) -> Item {
    Item {
        pallet: SUBTENSOR,
        name,
    }
}

/// One part of a storage key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key<'a> {
    Number(u64),
    Account(&'a Hotkey),
}

impl From<u16> for Key<'_> {
    fn from(number: u16) -> Self {
        Self::Number(u64::from(number))
    }
}

impl<'a> From<&'a Hotkey> for Key<'a> {
    fn from(hotkey: &'a Hotkey) -> Self {
        Self::Account(hotkey)
    }
}

impl Runtime {
    /// `genesis` and the versions are what a signature covers besides the call.
    ///
    /// # Errors
    /// `metadata` is none, or of a form that is not known.
    pub fn new(
        genesis: Hash,
        spec_version: u32,
        transaction_version: u32,
        metadata: &[u8],
    ) -> Result<Self, ChainError> {
        let what = || format!("the metadata of spec {spec_version}");
        let metadata = Metadata::decode(&mut &metadata[..])
            .map_err(|error| ChainError::unreadable(what(), error))?;
        let config = SubstrateConfig::builder()
            .set_genesis_hash(H256::from(genesis))
            .set_metadata_for_spec_versions([(spec_version, metadata.arc())])
            .set_spec_version_for_block_ranges([SpecVersionForRange {
                block_range: 0..u64::MAX,
                spec_version,
                transaction_version,
            }])
            .build();
        let client = OfflineClient::new_with_config(config)
            .at_block(0u64)
            .map_err(|error| ChainError::unreadable(what(), error))?;
        Ok(Self { client })
    }

    pub(super) fn spec_version(&self) -> u32 {
        self.client.spec_version()
    }

    pub(super) fn client(&self) -> &OfflineClientAtBlock<SubstrateConfig> {
        &self.client
    }

    pub(super) fn metadata(&self) -> &Metadata {
        self.client.metadata_ref()
    }

    pub(super) fn has_pallet(&self, pallet: &str) -> bool {
        self.metadata().pallet_by_name(pallet).is_some()
    }

    /// The argument names of a call of `SubtensorModule`, in order; `None`: there is no such call.
    pub(super) fn arguments(&self, call: &str) -> Option<Vec<&str>> {
        let variant = self
            .metadata()
            .pallet_by_name(SUBTENSOR)?
            .call_variant_by_name(call)?;
        Some(
            variant
                .fields
                .iter()
                .filter_map(|field| field.name.as_deref())
                .collect(),
        )
    }

    /// Whether a runtime API exists and answers with a struct rather than with opaque bytes.
    pub(super) fn has_typed_api(&self, name: &str, method: &str) -> bool {
        let api = self.metadata().runtime_api_trait_by_name(name);
        let Some(found) = api.and_then(|api| api.method_by_name(method)) else {
            return false;
        };
        let types = self.metadata().types();
        // `Option<Struct>`: bytes would be a type without a name
        types
            .resolve(found.output_ty())
            .and_then(|option| types.resolve(option.type_params.first()?.ty?.id))
            .is_some_and(|inner| inner.path.ident().is_some())
    }

    /// The answer of a runtime API that is listed in the metadata.
    pub(super) fn decode_answer<T: DecodeAsType>(
        &self,
        name: &str,
        method: &str,
        mut answer: &[u8],
    ) -> Result<T, ChainError> {
        let what = || format!("{name}_{method}");
        let api = self.metadata().runtime_api_trait_by_name(name);
        let found = api.and_then(|api| api.method_by_name(method));
        let found = found.ok_or_else(|| self.missing(what()))?;
        T::decode_as_type(&mut answer, found.output_ty(), self.metadata().types())
            .map_err(|error| ChainError::unreadable(what(), error))
    }

    pub(super) fn constant<T: DecodeAsType>(&self, pallet: &str, name: &str) -> Option<T> {
        let constant = self
            .metadata()
            .pallet_by_name(pallet)?
            .constant_by_name(name)?;
        T::decode_as_type(
            &mut constant.value(),
            constant.ty(),
            self.metadata().types(),
        )
        .ok()
    }

    pub(super) fn has_item(&self, item: Item) -> bool {
        self.entry(item).is_some()
    }

    /// How many keys an item takes; 0 for a plain value and for one that does not exist.
    pub(super) fn key_count(&self, item: Item) -> usize {
        self.entry(item).map_or(0, |entry| entry.keys().len())
    }

    /// The key of one value.
    pub(super) fn storage_key(&self, item: Item, parts: &[Key]) -> Result<Vec<u8>, ChainError> {
        self.client
            .storage()
            .entry((item.pallet, item.name))
            .and_then(|entry| entry.fetch_key(parts.iter().map(value_of).collect()))
            .map_err(|error| ChainError::unreadable(item.to_string(), error))
    }

    /// What all keys of an item begin with that share their first parts.
    pub(super) fn storage_prefix(&self, item: Item, parts: &[Key]) -> Result<Vec<u8>, ChainError> {
        self.client
            .storage()
            .entry((item.pallet, item.name))
            .and_then(|entry| entry.iter_key(parts.iter().map(value_of).collect::<Vec<_>>()))
            .map_err(|error| ChainError::unreadable(item.to_string(), error))
    }

    /// A stored value, or the default that the runtime gives to absent ones. `None`: the item
    /// does not exist, or is absent and has no default.
    ///
    /// # Errors
    /// The bytes are no value of the item's type, or that type does not fit `T`.
    pub fn decode<T: DecodeAsType>(
        &self,
        item: Item,
        stored: Option<&[u8]>,
    ) -> Result<Option<T>, ChainError> {
        let Some(entry) = self.entry(item) else {
            return Ok(None);
        };
        let Some(mut bytes) = stored.or(entry.default_value()) else {
            return Ok(None);
        };
        T::decode_as_type(&mut bytes, entry.value_ty(), self.metadata().types())
            .map(Some)
            .map_err(|error| ChainError::unreadable(item.to_string(), error))
    }

    pub(super) fn missing(&self, what: impl ToString) -> ChainError {
        ChainError::Missing {
            what: what.to_string(),
            spec_version: self.spec_version(),
        }
    }

    fn entry(&self, item: Item) -> Option<&StorageEntryMetadata> {
        self.metadata()
            .pallet_by_name(item.pallet)?
            .storage()?
            .entry_by_name(item.name)
    }
}

fn value_of(part: &Key) -> Value {
    match part {
        Key::Number(number) => Value::u128(u128::from(*number)),
        Key::Account(hotkey) => Value::from_bytes(hotkey.public()),
    }
}

impl std::fmt::Display for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.pallet, self.name)
    }
}
