//! The subnet's neurons as they were last read from the chain, and the miners that the operator
//! has blocked.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};

use super::{Store, StoreError, meta, time};

/// When the neurons were read.
const NEURONS_SEEN: &str = "neurons_seen";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeuronRow {
    pub uid: u16,
    /// A text, as everywhere in the database.
    pub hotkey: String,
    /// Host and port where it listens; `None`: it does not serve.
    pub axon: Option<(String, u16)>,
    pub stake_rao: u64,
    pub has_permit: bool,
}

/// The block at which the neurons were read, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeuronsSeen {
    pub at: DateTime<Utc>,
    pub block: u64,
}

/// Why and since when a miner is blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub reason: String,
    pub at: DateTime<Utc>,
}

impl Store {
    /// Puts these neurons in the place of those kept before.
    pub fn keep_neurons(
        &mut self,
        neurons: &[NeuronRow],
        block: u64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let seen = NeuronsSeen { at: now, block };
        self.write(|tx| {
            tx.execute("DELETE FROM neurons", [])?;
            let mut insert = tx.prepare_cached(
                "INSERT INTO neurons (uid, hotkey, host, port, stake_rao, has_permit)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            for neuron in neurons {
                let (host, port) = neuron.axon.clone().unzip();
                insert.execute((
                    neuron.uid,
                    &neuron.hotkey,
                    host,
                    port,
                    i64::try_from(neuron.stake_rao).unwrap_or(i64::MAX),
                    neuron.has_permit,
                ))?;
            }
            meta::put(tx, NEURONS_SEEN, &seen)
        })
    }

    /// By uid.
    pub fn neurons(&self) -> Result<Vec<NeuronRow>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT uid, hotkey, host, port, stake_rao, has_permit FROM neurons ORDER BY uid",
        )?;
        let rows = query.query_map([], |row| {
            let (host, port): (Option<String>, Option<u16>) = (row.get(2)?, row.get(3)?);
            Ok(NeuronRow {
                uid: row.get(0)?,
                hotkey: row.get(1)?,
                axon: host.zip(port),
                stake_rao: row.get::<_, i64>(4)?.unsigned_abs(),
                has_permit: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// `None`: the neurons were never read.
    pub fn neurons_seen(&self) -> Result<Option<NeuronsSeen>, StoreError> {
        self.meta(NEURONS_SEEN)
    }

    /// Blocks a miner; one that is blocked keeps its date and gets the new reason.
    pub fn block_miner(
        &mut self,
        hotkey: &str,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO blocked_miners (hotkey, reason, blocked_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET reason = excluded.reason",
                (hotkey, reason, time::to_text(now)),
            )?;
            Ok(())
        })
    }

    /// Whether it was blocked.
    pub fn unblock_miner(&mut self, hotkey: &str) -> Result<bool, StoreError> {
        self.write(|tx| {
            let freed = tx.execute("DELETE FROM blocked_miners WHERE hotkey = ?1", [hotkey])?;
            Ok(freed > 0)
        })
    }

    /// By hotkey.
    pub fn blocked_miners(&self) -> Result<BTreeMap<String, Block>, StoreError> {
        let mut query = self
            .db
            .prepare_cached("SELECT hotkey, reason, blocked_at FROM blocked_miners")?;
        let mut rows = query.query([])?;
        let mut blocked = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let at: String = row.get(2)?;
            let block = Block {
                reason: row.get(1)?,
                at: time::from_text(&at).unwrap_or_default(),
            };
            blocked.insert(row.get(0)?, block);
        }
        Ok(blocked)
    }

    /// The reason why this miner is blocked, if it is.
    pub fn block_of(&self, hotkey: &str) -> Result<Option<String>, StoreError> {
        let mut query = self
            .db
            .prepare_cached("SELECT reason FROM blocked_miners WHERE hotkey = ?1")?;
        Ok(query.query_row([hotkey], |row| row.get(0)).optional()?)
    }
}
