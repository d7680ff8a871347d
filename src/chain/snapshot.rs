//! The state of the chain at one block. Everything a decision needs is read from one snapshot,
//! so that its parts belong together. What is read stands in `subnet`, `metagraph`, `written`
//! and `beacon`; here is how.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use subxt::ext::scale_decode::DecodeAsType;

use super::connection::Connection;
use super::runtime::{Item, Key, Runtime};
use super::{Capabilities, ChainError, Hash};

/// One block: its height, its hash, and the runtime that understands its state.
#[derive(Clone)]
pub struct Snapshot {
    connection: Connection,
    pub(super) runtime: Arc<Runtime>,
    block: u64,
    hash: Hash,
}

impl Snapshot {
    pub(super) fn new(
        connection: Connection,
        runtime: Arc<Runtime>,
        block: u64,
        hash: Hash,
    ) -> Self {
        Self {
            connection,
            runtime,
            block,
            hash,
        }
    }

    pub fn block(&self) -> u64 {
        self.block
    }

    pub fn hash(&self) -> Hash {
        self.hash
    }

    pub fn spec_version(&self) -> u32 {
        self.runtime.spec_version()
    }

    pub fn capabilities(&self) -> Capabilities {
        Capabilities::of(&self.runtime)
    }

    /// When the block was made, by the chain's own clock.
    pub async fn timestamp(&self) -> Result<DateTime<Utc>, ChainError> {
        let now = Item {
            pallet: "Timestamp",
            name: "Now",
        };
        let milliseconds: u64 = self.required(now, &[]).await?;
        i64::try_from(milliseconds)
            .ok()
            .and_then(DateTime::from_timestamp_millis)
            .ok_or_else(|| ChainError::unreadable(now.to_string(), "out of range"))
    }

    /// The time from block to block that the runtime aims at: 12 s on the main network, less on
    /// development chains.
    pub fn block_time(&self) -> Result<Duration, ChainError> {
        let slot: Option<u64> = self.runtime.constant("Aura", "SlotDuration");
        let milliseconds = slot.or_else(|| {
            let half: u64 = self.runtime.constant("Timestamp", "MinimumPeriod")?;
            half.checked_mul(2)
        });
        match milliseconds {
            Some(milliseconds) if milliseconds > 0 => Ok(Duration::from_millis(milliseconds)),
            _ => Err(self.runtime.missing("block time")),
        }
    }

    /// A value, or the runtime's default for it; `None`: no such item, or nothing stored.
    pub(super) async fn read<T: DecodeAsType>(
        &self,
        item: Item,
        parts: &[Key<'_>],
    ) -> Result<Option<T>, ChainError> {
        if !self.runtime.has_item(item) {
            return Ok(None);
        }
        let key = self.runtime.storage_key(item, parts)?;
        let stored = self.connection.value(&key, self.hash).await?;
        self.runtime.decode(item, stored.as_deref())
    }

    /// A value without which nothing can be decided.
    pub(super) async fn required<T: DecodeAsType>(
        &self,
        item: Item,
        parts: &[Key<'_>],
    ) -> Result<T, ChainError> {
        self.read(item, parts)
            .await?
            .ok_or_else(|| self.runtime.missing(item))
    }

    /// A plain value as it is stored, not decoded.
    pub(super) async fn read_bytes(&self, item: Item) -> Result<Option<Vec<u8>>, ChainError> {
        let key = self.runtime.storage_key(item, &[])?;
        self.connection.value(&key, self.hash).await
    }

    /// Many values of one item, in the order of `keys`.
    pub(super) async fn read_all<T: DecodeAsType>(
        &self,
        item: Item,
        keys: impl IntoIterator<Item = Vec<Key<'_>>>,
    ) -> Result<Vec<Option<T>>, ChainError> {
        let keys = keys
            .into_iter()
            .map(|parts| self.runtime.storage_key(item, &parts))
            .collect::<Result<Vec<_>, _>>()?;
        let values = self.connection.values(&keys, self.hash).await?;
        values
            .iter()
            .map(|value| self.runtime.decode(item, value.as_deref()))
            .collect()
    }

    /// Everything stored under the first parts of an item's key, with the rest of each key;
    /// at most `limit` entries.
    pub(super) async fn scan<T: DecodeAsType>(
        &self,
        item: Item,
        parts: &[Key<'_>],
        limit: u32,
    ) -> Result<Vec<(Vec<u8>, T)>, ChainError> {
        let prefix = self.runtime.storage_prefix(item, parts)?;
        let keys = self
            .connection
            .keys_under(&prefix, limit, self.hash)
            .await?;
        let values = self.connection.values(&keys, self.hash).await?;
        let mut found = Vec::with_capacity(keys.len());
        for (key, value) in keys.iter().zip(values) {
            let Some(rest) = key.strip_prefix(prefix.as_slice()) else {
                continue;
            };
            if let Some(value) = self.runtime.decode(item, value.as_deref())? {
                found.push((rest.to_vec(), value));
            }
        }
        Ok(found)
    }

    /// The raw answer of a runtime API.
    pub(super) async fn call(
        &self,
        function: &str,
        arguments: &[u8],
    ) -> Result<Vec<u8>, ChainError> {
        self.connection.call(function, arguments, self.hash).await
    }
}
