//! Buckets and what is in them.

use std::collections::BTreeMap;

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use tokio::time::Instant;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) buckets: BTreeMap<String, Bucket>,
    /// Since the server started; names the next one.
    pub(super) uploads: usize,
    /// What happened since the present behaviour began.
    pub(super) counts: Counts,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) requests: usize,
    /// Of uploads, that were taken.
    pub(super) parts: usize,
    pub(super) broken_reads: usize,
    pub(super) failed_joins: usize,
    pub(super) garbled: usize,
}

#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) region: String,
    pub(super) block: Option<Block>,
    pub(super) policy: Option<String>,
    /// As it was sent, in XML.
    pub(super) lifecycle: Option<String>,
    pub(super) objects: BTreeMap<String, Object>,
    /// Begun and not finished, by key and id.
    pub(super) uploads: BTreeMap<(String, String), Upload>,
}

#[derive(Debug)]
pub(super) struct Upload {
    pub(super) began: DateTime<Utc>,
    /// By number.
    pub(super) parts: BTreeMap<u32, Bytes>,
}

/// The public access block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) block_acls: bool,
    pub(super) ignore_acls: bool,
    pub(super) block_policy: bool,
    pub(super) restrict_buckets: bool,
}

/// Oldest version first; there is at least one.
#[derive(Debug, Default)]
pub(super) struct Object {
    pub(super) versions: Vec<Version>,
}

#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) content: Bytes,
    /// In quotes; another one for another content.
    pub(super) tag: String,
    pub(super) modified: DateTime<Utc>,
    pub(super) seen_from: Instant,
}

impl Bucket {
    /// As Amazon makes one today: nothing of it can be made public.
    pub(super) fn new(region: String) -> Self {
        Self {
            region,
            block: Some(Block {
                block_acls: true,
                ignore_acls: true,
                block_policy: true,
                restrict_buckets: true,
            }),
            policy: None,
            lifecycle: None,
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
        }
    }
}

impl Object {
    /// What a reader sees now.
    pub(super) fn seen(&self, is_stale: bool, now: Instant) -> Option<&Version> {
        let mut seen = self.versions.iter().rev();
        let mut seen = seen.by_ref().filter(|version| version.seen_from <= now);
        let newest = seen.next()?;
        match is_stale {
            true => Some(seen.next().unwrap_or(newest)),
            false => Some(newest),
        }
    }
}
