//! The runtime that is in force from some block on: its version and its metadata.

use parity_scale_codec::Encode;
use serde_json::json;

use super::{CommitScheme, metadata};

const NAME: &str = "node-subtensor";

/// Has been 1 in every generation of Subtensor.
pub(super) const TRANSACTION_VERSION: u32 = 1;

pub(super) struct Runtime {
    pub(super) scheme: CommitScheme,
    pub(super) spec_version: u32,
    v14: Vec<u8>,
    v15: Option<Vec<u8>>,
}

impl Runtime {
    /// `upgrades`: how many runtimes this chain has had before.
    pub(super) fn new(scheme: CommitScheme, upgrades: u32, block_time_ms: u64) -> Self {
        let spec_version = match scheme {
            CommitScheme::Off => 143,
            CommitScheme::BlockIntervals => 185,
            CommitScheme::Epochs => 218,
            CommitScheme::Timelocked => 346,
        };
        Self {
            scheme,
            spec_version: spec_version + upgrades,
            v14: metadata::v14(scheme, block_time_ms),
            v15: metadata::v15(scheme, block_time_ms),
        }
    }

    pub(super) fn metadata(&self) -> &[u8] {
        &self.v14
    }

    pub(super) fn metadata_at_version(&self, version: u32) -> Option<&[u8]> {
        match version {
            14 => Some(&self.v14),
            15 => self.v15.as_deref(),
            _ => None,
        }
    }

    pub(super) fn metadata_versions(&self) -> Vec<u32> {
        [14, 15]
            .into_iter()
            .filter(|version| self.metadata_at_version(*version).is_some())
            .collect()
    }

    /// The answer of `Core_version`.
    pub(super) fn version(&self) -> Vec<u8> {
        let (authoring_version, impl_version, state_version) = (1_u32, 1_u32, 1_u8);
        let apis = Vec::<([u8; 8], u32)>::new();
        (
            (NAME, NAME, authoring_version, self.spec_version),
            (impl_version, apis, TRANSACTION_VERSION, state_version),
        )
            .encode()
    }

    /// The same as JSON-RPC shows it.
    pub(super) fn version_json(&self) -> serde_json::Value {
        json!({
            "specName": NAME,
            "implName": NAME,
            "authoringVersion": 1,
            "specVersion": self.spec_version,
            "implVersion": 1,
            "apis": [],
            "transactionVersion": TRANSACTION_VERSION,
            "stateVersion": 1,
        })
    }
}
