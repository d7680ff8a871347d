//! Weights on their way to the chain, with the salt that reveals them.
//! A row is committed before anything is sent, and its values never change once it was placed.

use chrono::{DateTime, Utc};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::filter::Columns;
use super::{BatchId, Filter, Store, StoreError, batches, events, time};
use crate::keys::Hotkey;
use crate::wire::event::Event;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WeightsId(pub(super) i64);

impl WeightsId {
    pub fn number(self) -> i64 {
        self.0
    }
}

/// How weights reach the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// In clear, at once.
    Set,
    /// A hash first, the weights an interval later.
    Hash,
    /// Encrypted to a drand round; the chain opens them by itself.
    Timelock,
}

impl Way {
    pub fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Hash => "hash",
            Self::Timelock => "timelock",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightsState {
    /// On this disk only, or sent with an unknown outcome (then an intent is pending).
    Decided,
    /// Set or committed, as the chain's own record says.
    Placed,
    /// In force, as read back from the chain.
    Final,
    /// The window closed, or the chain lost them; see the note.
    GivenUp,
}

impl WeightsState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Placed => "placed",
            Self::Final => "final",
            Self::GivenUp => "given_up",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Decided, Self::Placed, Self::Final, Self::GivenUp]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// One weight: 0..=65535, for the hotkey that held the uid when the weights were decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub uid: u16,
    pub value: u16,
    pub hotkey: Hotkey,
}

#[derive(Clone, Debug, PartialEq)]
pub struct WeightsRow {
    pub id: WeightsId,
    pub way: Way,
    pub state: WeightsState,
    pub netuid: u16,
    pub version_key: u64,
    pub entries: Vec<Entry>,
    pub salt: Vec<u16>,
    /// `0x` hex: the commit hash, or the hash of the ciphertext.
    pub commit_hash: Option<String>,
    pub decided_block: u64,
    /// First block at which placing is given up.
    pub window_stop: u64,
    pub placed_block: Option<u64>,
    /// First block of the reveal, as far as it is known.
    pub reveal_from: Option<u64>,
    /// Last block of the reveal window, where the chain states one.
    pub reveal_until: Option<u64>,
    /// The drand round of a time-locked commit.
    pub reveal_round: Option<u64>,
    pub final_block: Option<u64>,
    pub note: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Weights that were just decided; see [`WeightsRow`] for the fields.
#[derive(Clone, Debug)]
pub struct NewWeights {
    pub way: Way,
    pub netuid: u16,
    pub version_key: u64,
    pub entries: Vec<Entry>,
    pub salt: Vec<u16>,
    pub commit_hash: Option<String>,
    pub decided_block: u64,
    pub window_stop: u64,
    /// Scores and parameters that they were made from, for people who ask why.
    pub basis: Value,
}

const COLUMNS: &str = "id, way, state, netuid, version_key, entries, salt, commit_hash, \
                       decided_block, window_stop, placed_block, reveal_from, reveal_until, \
                       reveal_round, final_block, note, updated_at, created_at";

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

fn weights_row(row: &Row) -> Result<WeightsRow, StoreError> {
    let id: i64 = row.get(0)?;
    let damaged = |finding: String| StoreError::Row {
        table: "weights",
        id,
        finding,
    };
    let list = |text: String| -> Result<Value, StoreError> {
        serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))
    };
    let way = match row.get::<_, String>(1)?.as_str() {
        "set" => Way::Set,
        "hash" => Way::Hash,
        "timelock" => Way::Timelock,
        other => return Err(damaged(format!("unknown way `{other}`"))),
    };
    let state: String = row.get(2)?;
    let state = WeightsState::from_name(&state)
        .ok_or_else(|| damaged(format!("unknown state `{state}`")))?;
    let block = |column: usize| -> Result<Option<u64>, StoreError> {
        Ok(row.get::<_, Option<i64>>(column)?.map(i64::cast_unsigned))
    };
    let moment = |column: usize| {
        let text: String = row.get(column)?;
        time::from_text(&text).ok_or_else(|| damaged("not a time".to_owned()))
    };
    Ok(WeightsRow {
        id: WeightsId(id),
        way,
        state,
        netuid: row.get(3)?,
        version_key: row.get::<_, i64>(4)?.cast_unsigned(),
        entries: serde_json::from_value(list(row.get(5)?)?).map_err(|e| damaged(e.to_string()))?,
        salt: serde_json::from_value(list(row.get(6)?)?).map_err(|e| damaged(e.to_string()))?,
        commit_hash: row.get(7)?,
        decided_block: block(8)?.unwrap_or_default(),
        window_stop: block(9)?.unwrap_or_default(),
        placed_block: block(10)?,
        reveal_from: block(11)?,
        reveal_until: block(12)?,
        reveal_round: block(13)?,
        final_block: block(14)?,
        note: row.get(15)?,
        created_at: moment(17)?,
        updated_at: moment(16)?,
    })
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
