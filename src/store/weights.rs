//! Weights on their way to the chain, with the salt that reveals them.
//! A row is committed before anything is sent, and its values never change once it was placed.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::filter::Columns;
use super::weights_row::{COLUMNS, NewWeights, WeightsId, WeightsRow, weights_row};
use super::{BatchId, Filter, Store, StoreError, batches, events, time};
use crate::wire::event::Event;

impl Store {
    /// Stores weights and ties their batch to them, and marks older batches as superseded,
    /// all at once.
    pub fn decide_weights(
        &mut self,
        new: &NewWeights,
        batch: BatchId,
        superseded: &[BatchId],
        now: DateTime<Utc>,
    ) -> Result<WeightsId, StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO weights (way, state, netuid, version_key, entries, salt, commit_hash,
                                      decided_block, window_stop, created_at, updated_at, basis)
                 VALUES (?1, 'decided', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)",
                rusqlite::params![
                    new.way.name(),
                    new.netuid,
                    // SQLite's integers are signed; the bits are kept
                    new.version_key.cast_signed(),
                    json(&new.entries),
                    json(&new.salt),
                    new.commit_hash,
                    signed(new.decided_block),
                    signed(new.window_stop),
                    time::to_text(now),
                    new.basis.to_string(),
                ],
            )?;
            let id = WeightsId(tx.last_insert_rowid());
            batches::tie(tx, batch, id)?;
            batches::supersede(tx, superseded, now)?;
            Ok(id)
        })
    }

    /// Replaces the values of weights that certainly never left this machine, because uids or
    /// the way of committing changed meanwhile. Only another way has another window.
    pub fn redecide_weights(
        &mut self,
        id: WeightsId,
        new: &NewWeights,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let changed = tx.execute(
                "UPDATE weights SET way = ?2, version_key = ?3, entries = ?4, salt = ?5,
                        commit_hash = ?6, decided_block = ?7, updated_at = ?8, basis = ?10,
                        window_stop = CASE WHEN way = ?2 THEN window_stop ELSE ?9 END
                 WHERE id = ?1 AND state = 'decided'",
                rusqlite::params![
                    id.0,
                    new.way.name(),
                    new.version_key.cast_signed(),
                    json(&new.entries),
                    json(&new.salt),
                    new.commit_hash,
                    signed(new.decided_block),
                    time::to_text(now),
                    signed(new.window_stop),
                    new.basis.to_string(),
                ],
            )?;
            changed_one(changed, id)
        })
    }

    /// Stores the hash of the ciphertext, its round, and the block from which the chain can open
    /// it, before a time-locked commit is sent.
    pub fn seal_weights(
        &mut self,
        id: WeightsId,
        commit_hash: &str,
        reveal_round: u64,
        opens_at: u64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let changed = tx.execute(
                "UPDATE weights SET commit_hash = ?2, reveal_round = ?3, reveal_from = ?4,
                        updated_at = ?5
                 WHERE id = ?1 AND state = 'decided'",
                (
                    id.0,
                    commit_hash,
                    signed(reveal_round),
                    signed(opens_at),
                    time::to_text(now),
                ),
            )?;
            changed_one(changed, id)
        })
    }

    /// Set or committed on chain at `block`; the reveal window as far as the chain states it.
    pub fn weights_placed(
        &mut self,
        id: WeightsId,
        block: u64,
        reveal_blocks: Option<(u64, u64)>,
        event: &Event,
    ) -> Result<(), StoreError> {
        let (from, until) = reveal_blocks.unzip();
        self.write(|tx| {
            let changed = tx.execute(
                "UPDATE weights SET state = 'placed', placed_block = ?2,
                        reveal_from = coalesce(?3, reveal_from), reveal_until = ?4, updated_at = ?5
                 WHERE id = ?1 AND state = 'decided'",
                (
                    id.0,
                    signed(block),
                    from.map(signed),
                    until.map(signed),
                    time::to_text(event.timestamp),
                ),
            )?;
            changed_one(changed, id)?;
            events::insert(tx, event)
        })
    }

    /// The chain undid the placing: the row is to be placed again.
    pub fn unplace_weights(&mut self, id: WeightsId, event: &Event) -> Result<(), StoreError> {
        self.write(|tx| {
            let changed = tx.execute(
                "UPDATE weights SET state = 'decided', placed_block = NULL, reveal_from = NULL,
                        reveal_until = NULL, updated_at = ?2
                 WHERE id = ?1 AND state = 'placed'",
                (id.0, time::to_text(event.timestamp)),
            )?;
            changed_one(changed, id)?;
            events::insert(tx, event)
        })
    }

    /// In force on chain, as read back at `block`.
    pub fn weights_final(
        &mut self,
        id: WeightsId,
        block: u64,
        event: &Event,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let changed = tx.execute(
                "UPDATE weights SET state = 'final', final_block = ?2, updated_at = ?3
                 WHERE id = ?1 AND state = 'placed'",
                (id.0, signed(block), time::to_text(event.timestamp)),
            )?;
            changed_one(changed, id)?;
            events::insert(tx, event)
        })
    }

    pub fn give_up_weights(
        &mut self,
        id: WeightsId,
        note: &str,
        event: &Event,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let changed = tx.execute(
                "UPDATE weights SET state = 'given_up', note = ?2, updated_at = ?3
                 WHERE id = ?1 AND state IN ('decided', 'placed')",
                (id.0, note, time::to_text(event.timestamp)),
            )?;
            changed_one(changed, id)?;
            events::insert(tx, event)
        })
    }

    /// Weights that are not settled yet, oldest first.
    pub fn open_weights(&self) -> Result<Vec<WeightsRow>, StoreError> {
        self.select_weights("state IN ('decided', 'placed') ORDER BY id", [])
    }

    /// The newest block that is known to hold a write of weights; `None`: none was ever made.
    pub fn newest_written_block(&self) -> Result<Option<u64>, StoreError> {
        let block: Option<i64> = self.db.query_row(
            "SELECT max(max(placed_block, coalesce(final_block, 0))) FROM weights",
            [],
            |row| row.get(0),
        )?;
        Ok(block.map(i64::cast_unsigned))
    }

    /// Whether a commit of this hash was made from here.
    pub fn knows_commit(&self, hash: &str) -> Result<bool, StoreError> {
        Ok(self.db.query_row(
            "SELECT EXISTS (SELECT 1 FROM weights WHERE commit_hash = ?1)",
            [hash],
            |row| row.get(0),
        )?)
    }

    pub fn weights(&self, id: WeightsId) -> Result<Option<WeightsRow>, StoreError> {
        Ok(self.select_weights("id = ?1", [id.0])?.pop())
    }

    /// The weights of this number.
    pub fn weights_of_number(&self, number: i64) -> Result<Option<WeightsRow>, StoreError> {
        self.weights(WeightsId(number))
    }

    /// Weights by the time they were decided, and by state.
    pub fn find_weights(&self, filter: &Filter) -> Result<Vec<WeightsRow>, StoreError> {
        let (condition, values) = filter.condition(Columns {
            time: "created_at",
            outcome: Some("state"),
            order: "id DESC",
            ..Columns::default()
        });
        self.select_weights(&condition, rusqlite::params_from_iter(values))
    }

    /// What weights were made from; an empty object for those of before version 5.
    pub fn basis_of_weights(&self, id: WeightsId) -> Result<Value, StoreError> {
        let mut query = self
            .db
            .prepare_cached("SELECT basis FROM weights WHERE id = ?1")?;
        let text: String = query.query_row([id.0], |row| row.get(0))?;
        serde_json::from_str(&text).map_err(|error| StoreError::Row {
            table: "weights",
            id: id.0,
            finding: error.to_string(),
        })
    }

    /// The newest weights, newest first.
    pub fn last_weights(&self, limit: u32) -> Result<Vec<WeightsRow>, StoreError> {
        self.select_weights("1 ORDER BY id DESC LIMIT ?1", [limit])
    }

    /// The batch that these weights were made from.
    pub fn batch_of_weights(&self, id: WeightsId) -> Result<Option<BatchId>, StoreError> {
        let mut query = self
            .db
            .prepare_cached("SELECT id FROM batches WHERE weights_id = ?1")?;
        let mut rows = query.query([id.0])?;
        Ok(rows
            .next()?
            .map(|row| row.get(0).map(BatchId))
            .transpose()?)
    }

    fn select_weights(
        &self,
        condition: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<WeightsRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM weights WHERE {condition}");
        let mut query = self.db.prepare_cached(&sql)?;
        let mut rows = query.query(params)?;
        let mut weights = Vec::new();
        while let Some(row) = rows.next()? {
            weights.push(weights_row(row)?);
        }
        Ok(weights)
    }
}

/// Heights and rounds as SQLite keeps integers.
fn signed(number: u64) -> i64 {
    number.cast_signed()
}

fn json(list: &impl Serialize) -> String {
    serde_json::to_string(list).expect("lists of numbers and addresses are JSON")
}

fn changed_one(changed: usize, id: WeightsId) -> Result<(), StoreError> {
    match changed {
        1 => Ok(()),
        _ => Err(StoreError::Row {
            table: "weights",
            id: id.0,
            finding: "is not in the state this change starts from".to_owned(),
        }),
    }
}
