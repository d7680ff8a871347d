//! The chain's state: keys and values with their history, and the block under construction.
//! Knows bytes only; what they mean stands in `items`.

use std::collections::BTreeMap;
use std::ops::Bound;

type Key = Vec<u8>;
type Value = Option<Vec<u8>>;

/// Nodes that are no archives keep about this many states.
pub(super) const STATES_KEPT: u64 = 300;

#[derive(Default)]
pub(super) struct Storage {
    /// For each key its values and the blocks that wrote them, oldest first.
    sealed: BTreeMap<Key, Vec<(u64, Value)>>,
    /// Written since the last block.
    fresh: BTreeMap<Key, Value>,
}

impl Storage {
    /// The newest value, with what the block under construction has written.
    pub(super) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let newest = || self.sealed.get(key)?.last().map(|(_, value)| value);
        self.fresh.get(key).or_else(newest)?.as_deref()
    }

    pub(super) fn put(&mut self, key: Key, value: Value) {
        self.fresh.insert(key, value);
    }

    /// The value after `block`.
    pub(super) fn get_at(&self, block: u64, key: &[u8]) -> Option<&[u8]> {
        value_at(self.sealed.get(key)?, block)
    }

    /// Keys that begin with `prefix` and have a value after `block`, in order, from the one
    /// after `start` on.
    pub(super) fn keys_at<'a>(
        &'a self,
        block: u64,
        prefix: &'a [u8],
        start: Option<&'a [u8]>,
    ) -> impl Iterator<Item = &'a Key> {
        self.sealed
            .range::<[u8], _>(from(start.unwrap_or(prefix).max(prefix)))
            .take_while(move |(key, _)| key.starts_with(prefix))
            .filter(move |(key, values)| {
                Some(key.as_slice()) != start && value_at(values, block).is_some()
            })
            .map(|(key, _)| key)
    }

    /// The newest keys that begin with `prefix`, with what is not sealed yet.
    pub(super) fn newest_keys(&self, prefix: &[u8]) -> Vec<Key> {
        let sealed = self
            .sealed
            .range::<[u8], _>(from(prefix))
            .map(|(key, _)| key);
        let fresh = self
            .fresh
            .range::<[u8], _>(from(prefix))
            .map(|(key, _)| key);
        let mut keys: Vec<Key> = sealed
            .take_while(|key| key.starts_with(prefix))
            .chain(fresh.take_while(|key| key.starts_with(prefix)))
            .filter(|key| self.get(key).is_some())
            .cloned()
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// What a call has written is undone when it fails.
    pub(super) fn attempt<T, E>(
        &mut self,
        call: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let before = self.fresh.clone();
        let outcome = call(self);
        if outcome.is_err() {
            self.fresh = before;
        }
        outcome
    }

    /// Makes what was written the state after `block`, and forgets what is too old to be read.
    /// Returns what changed.
    pub(super) fn seal(&mut self, block: u64) -> BTreeMap<Key, Value> {
        let oldest = block.saturating_sub(STATES_KEPT);
        let changes = std::mem::take(&mut self.fresh);
        for (key, value) in &changes {
            let values = self.sealed.entry(key.clone()).or_default();
            values.push((block, value.clone()));
            let outlived = values.partition_point(|(written, _)| *written <= oldest);
            values.drain(..outlived.saturating_sub(1));
        }
        changes
    }

    /// The state after `block` is the newest again.
    pub(super) fn rewind(&mut self, block: u64) {
        self.fresh.clear();
        for values in self.sealed.values_mut() {
            values.retain(|(written, _)| *written <= block);
        }
    }
}

fn from(key: &[u8]) -> (Bound<&[u8]>, Bound<&[u8]>) {
    (Bound::Included(key), Bound::Unbounded)
}

fn value_at(values: &[(u64, Value)], block: u64) -> Option<&[u8]> {
    let written = values.partition_point(|(written, _)| *written <= block);
    values[..written].last()?.1.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        text.as_bytes().to_vec()
    }

    #[test]
    fn a_key_is_read_as_it_was_at_each_block() {
        let mut storage = Storage::default();
        storage.put(bytes("tempo"), Some(vec![1]));
        storage.seal(10);
        storage.put(bytes("tempo"), None);
        storage.seal(11);
        assert_eq!(storage.get_at(9, b"tempo"), None);
        assert_eq!(storage.get_at(10, b"tempo"), Some(&[1][..]));
        assert_eq!(storage.get_at(12, b"tempo"), None);
    }

    #[test]
    fn what_later_blocks_wrote_can_be_undone() {
        let mut storage = Storage::default();
        storage.put(bytes("tempo"), Some(vec![1]));
        storage.seal(10);
        storage.put(bytes("tempo"), None);
        storage.put(bytes("new"), Some(vec![2]));
        storage.seal(11);
        storage.rewind(10);
        assert_eq!(storage.get(b"tempo"), Some(&[1][..]));
        assert_eq!(storage.get(b"new"), None);
    }

    #[test]
    fn keys_are_paged_in_order_within_their_prefix() {
        let mut storage = Storage::default();
        for key in ["a1", "b1", "b2", "b3", "c"] {
            storage.put(bytes(key), Some(Vec::new()));
        }
        storage.seal(1);
        storage.put(bytes("b2"), None);
        storage.seal(2);
        let page = |block, start| -> Vec<_> { storage.keys_at(block, b"b", start).collect() };
        assert_eq!(page(1, None), ["b1", "b2", "b3"].map(bytes).each_ref());
        assert_eq!(page(1, Some(b"b1")), ["b2", "b3"].map(bytes).each_ref());
        assert_eq!(page(2, Some(b"b1")), ["b3"].map(bytes).each_ref());
    }

    #[test]
    fn a_failed_call_leaves_nothing_behind() {
        let mut storage = Storage::default();
        storage.put(bytes("kept"), Some(vec![1]));
        let failed: Result<(), ()> = storage.attempt(|storage| {
            storage.put(bytes("kept"), Some(vec![2]));
            Err(())
        });
        assert_eq!(failed, Err(()));
        assert_eq!(storage.get(b"kept"), Some(&[1][..]));
    }

    #[test]
    fn states_that_nobody_can_ask_for_are_dropped() {
        let mut storage = Storage::default();
        for block in 0..=2 * STATES_KEPT {
            storage.put(bytes("number"), Some(block.to_le_bytes().to_vec()));
            storage.seal(block);
        }
        assert_eq!(storage.get_at(STATES_KEPT - 1, b"number"), None);
        assert!(storage.get_at(STATES_KEPT, b"number").is_some());
    }
}
