//! Weights as a row, and the row as types. What happens to weights is not known here.

use chrono::{DateTime, Utc};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{StoreError, time};
use crate::keys::Hotkey;

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

pub(super) const COLUMNS: &str = "id, way, state, netuid, version_key, entries, salt, commit_hash, \
                       decided_block, window_stop, placed_block, reveal_from, reveal_until, \
                       reveal_round, final_block, note, updated_at, created_at";

/// After [`COLUMNS`].
pub(super) fn weights_row(row: &Row) -> Result<WeightsRow, StoreError> {
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
