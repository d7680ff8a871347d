//! What a bucket server has seen, for tests and for the story that a demo tells.

use std::collections::BTreeMap;

/// Counts since the server started. Objects are named `bucket/key`.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    pub requests: usize,
    /// Parts of uploads that were taken.
    pub parts: BTreeMap<String, usize>,
    /// Uploads that were taken; one in parts counts once they are joined.
    pub puts: BTreeMap<String, usize>,
    /// Reads, also of what is not there.
    pub gets: BTreeMap<String, usize>,
    pub deletes: BTreeMap<String, usize>,
    /// Refusals, by the names that S3 has for them.
    pub refused: BTreeMap<&'static str, usize>,
}

impl Ledger {
    pub fn puts_of(&self, object: &str) -> usize {
        self.puts.get(object).copied().unwrap_or_default()
    }

    pub fn parts_of(&self, object: &str) -> usize {
        self.parts.get(object).copied().unwrap_or_default()
    }

    pub fn gets_of(&self, object: &str) -> usize {
        self.gets.get(object).copied().unwrap_or_default()
    }
}
