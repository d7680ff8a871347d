//! Facts about this database itself, such as the chain it belongs to.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Transaction};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Store, StoreError};

const GENESIS: &str = "genesis";
const CHAIN_SEEN: &str = "chain_seen";
const FACILITATOR_SEEN: &str = "facilitator_seen";
const UNKNOWN_WRITE: &str = "unknown_write";

/// The chain as the newest pass that writes weights saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainSeen {
    pub at: DateTime<Utc>,
    pub block: u64,
    pub tempo: u16,
    /// Block of our last write of weights; `None`: not registered.
    pub last_update: Option<u64>,
    /// Ours. `None`: written by an earlier version.
    #[serde(default)]
    pub hotkey: Option<String>,
    /// From block to block. Earlier versions wrote none: then that of the main network.
    #[serde(default = "main_network")]
    pub block_time_ms: u32,
}

fn main_network() -> u32 {
    12_000
}

/// The line to the facilitator as it was when it last changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FacilitatorSeen {
    pub at: DateTime<Utc>,
    pub is_connected: bool,
    /// Why not, if it is not.
    pub finding: String,
}

/// The newest write of our hotkey on chain that was not made from this database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownWrite {
    pub block: u64,
    /// When it was noticed.
    pub at: DateTime<Utc>,
    /// It was made after the backup that was restored, so nobody else need have made it.
    pub after_restore: bool,
}

impl Store {
    /// Ties the database to the chain it is first used with, for good.
    /// Gives back the genesis hash it is tied to, which may differ from the one given.
    pub fn bind_genesis(&mut self, genesis: &str) -> Result<String, StoreError> {
        if let Some(bound) = self.genesis()? {
            return Ok(bound);
        }
        self.write(|tx| {
            tx.execute(
                "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                (GENESIS, genesis),
            )?;
            Ok(
                tx.query_row("SELECT value FROM meta WHERE key = ?1", [GENESIS], |row| {
                    row.get(0)
                })?,
            )
        })
    }

    /// The genesis hash of the chain that this database belongs to, once it was used with one.
    pub fn genesis(&self) -> Result<Option<String>, StoreError> {
        let mut query = self
            .db
            .prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        Ok(query.query_row([GENESIS], |row| row.get(0)).optional()?)
    }

    pub fn note_chain(&mut self, seen: &ChainSeen) -> Result<(), StoreError> {
        self.write(|tx| put(tx, CHAIN_SEEN, seen))
    }

    pub fn chain_seen(&self) -> Result<Option<ChainSeen>, StoreError> {
        self.meta(CHAIN_SEEN)
    }

    /// A line that stays without a connection has been so since it was lost, whatever is tried.
    pub fn note_facilitator(&mut self, mut seen: FacilitatorSeen) -> Result<(), StoreError> {
        let before = self.facilitator_seen()?;
        if let Some(before) = before.filter(|before| !before.is_connected && !seen.is_connected) {
            seen.at = before.at;
        }
        self.write(|tx| put(tx, FACILITATOR_SEEN, &seen))
    }

    pub fn facilitator_seen(&self) -> Result<Option<FacilitatorSeen>, StoreError> {
        self.meta(FACILITATOR_SEEN)
    }

    pub fn note_unknown_write(&mut self, write: &UnknownWrite) -> Result<(), StoreError> {
        self.write(|tx| put(tx, UNKNOWN_WRITE, write))
    }

    pub fn unknown_write(&self) -> Result<Option<UnknownWrite>, StoreError> {
        self.meta(UNKNOWN_WRITE)
    }

    /// The fact of this name, once it was put.
    pub(super) fn meta<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let mut query = self
            .db
            .prepare_cached("SELECT rowid, value FROM meta WHERE key = ?1")?;
        let row: Option<(i64, String)> = query
            .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        row.map(|(id, text)| {
            serde_json::from_str(&text).map_err(|error| StoreError::Row {
                table: "meta",
                id,
                finding: error.to_string(),
            })
        })
        .transpose()
    }
}

/// No line to the facilitator is known any more.
pub(super) fn forget_facilitator(tx: &Transaction) -> Result<(), StoreError> {
    tx.execute("DELETE FROM meta WHERE key = ?1", [FACILITATOR_SEEN])?;
    Ok(())
}

/// Puts a fact in the place of the one of the same name.
pub(super) fn put(tx: &Transaction, key: &str, fact: &impl Serialize) -> Result<(), StoreError> {
    let text = serde_json::to_string(fact).expect("times and numbers are JSON");
    tx.execute(
        "INSERT INTO meta (key, value) VALUES (?1, ?2)
         ON CONFLICT DO UPDATE SET value = excluded.value",
        (key, text),
    )?;
    Ok(())
}
