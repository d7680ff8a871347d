//! Extrinsics that wait for a block, and whoever wants to hear what becomes of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::extrinsic::Extrinsic;
use super::types::{AccountId32, Hash};

/// What the pool tells the sender of an extrinsic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// Waits for an earlier nonce.
    Future,
    Ready,
    InBlock(Hash),
    /// That block belongs to the chain no more.
    Retracted(Hash),
    Finalized(Hash),
    /// Fell out: it can no longer be included.
    Invalid,
}

impl Status {
    pub(super) fn is_last(self) -> bool {
        matches!(self, Self::Finalized(_) | Self::Invalid)
    }

    pub(super) fn json(self) -> Value {
        let hex = |hash: Hash| format!("0x{}", hex::encode(hash));
        match self {
            Self::Future => json!("future"),
            Self::Ready => json!("ready"),
            Self::InBlock(hash) => json!({ "inBlock": hex(hash) }),
            Self::Retracted(hash) => json!({ "retracted": hex(hash) }),
            Self::Finalized(hash) => json!({ "finalized": hex(hash) }),
            Self::Invalid => json!("invalid"),
        }
    }
}

pub(super) type Watcher = mpsc::UnboundedSender<Status>;

pub(super) struct Waiting {
    pub(super) extrinsic: Extrinsic,
    pub(super) watcher: Watcher,
}

impl Waiting {
    /// Nobody may be listening any more.
    pub(super) fn tell(&self, status: Status) {
        let _ = self.watcher.send(status);
    }
}

#[derive(Default)]
pub(super) struct Pool {
    waiting: BTreeMap<(AccountId32, u32), Waiting>,
}

impl Pool {
    pub(super) fn add(&mut self, waiting: Waiting) {
        let extrinsic = &waiting.extrinsic;
        let key = (extrinsic.signer, extrinsic.extra.nonce);
        self.waiting.insert(key, waiting);
    }

    pub(super) fn at(&self, signer: AccountId32, nonce: u32) -> Option<&Extrinsic> {
        let waiting = self.waiting.get(&(signer, nonce))?;
        Some(&waiting.extrinsic)
    }

    pub(super) fn take(&mut self, signer: AccountId32, nonce: u32) -> Option<Waiting> {
        self.waiting.remove(&(signer, nonce))
    }

    /// The first nonce from `nonce` on that nobody uses yet.
    pub(super) fn next_nonce(&self, signer: AccountId32, nonce: u32) -> u32 {
        let used = |nonce: &u32| self.at(signer, *nonce).is_some();
        (nonce..).find(|nonce| !used(nonce)).unwrap_or(u32::MAX)
    }

    /// Who has something waiting, and with which nonces, in order.
    pub(super) fn senders(&self) -> Vec<(AccountId32, u32)> {
        self.waiting.keys().copied().collect()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Extrinsic> {
        self.waiting.values().map(|waiting| &waiting.extrinsic)
    }
}
