//! What is about to be done to the outside, stored before it is done: the one mechanism behind
//! every act that must not be lost and not be repeated. Settling means asking the outside.

use chrono::{DateTime, Utc};
use rusqlite::Transaction;
use serde_json::Value;

use super::{Store, StoreError, time};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IntentId(i64);

impl IntentId {
    pub fn number(self) -> i64 {
        self.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntentState {
    /// Stored, perhaps done, outcome unknown.
    Pending,
    /// The outside took it.
    Done,
    /// The outside refused it.
    Refused,
    /// It never arrived and cannot arrive any more.
    Void,
}

impl IntentState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Void => "void",
        }
    }
}

/// One act towards the outside. `kind` names the act, `subject` the row it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent {
    pub id: IntentId,
    pub kind: String,
    pub subject: i64,
    pub detail: Value,
}

impl Store {
    pub fn intend(
        &mut self,
        kind: &str,
        subject: i64,
        detail: &Value,
        now: DateTime<Utc>,
    ) -> Result<IntentId, StoreError> {
        self.write(|tx| insert(tx, kind, subject, detail, now))
    }

    pub fn settle(
        &mut self,
        id: IntentId,
        state: IntentState,
        outcome: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.settle_all(&[id], state, outcome, now)
    }

    /// Settles all of these in one transaction.
    pub fn settle_all(
        &mut self,
        ids: &[IntentId],
        state: IntentState,
        outcome: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let mut settle = tx.prepare_cached(
                "UPDATE intents SET state = ?2, outcome = ?3, settled_at = ?4
                 WHERE id = ?1 AND state = 'pending'",
            )?;
            for id in ids {
                settle.execute((id.0, state.name(), outcome, time::to_text(now)))?;
            }
            Ok(())
        })
    }

    /// Intents whose kind begins with `prefix` and whose outcome is not known, oldest first.
    pub fn pending_intents(&self, prefix: &str) -> Result<Vec<Intent>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT id, kind, subject, detail FROM intents
             WHERE state = 'pending' AND substr(kind, 1, length(?1)) = ?1 ORDER BY id",
        )?;
        let mut rows = query.query([prefix])?;
        let mut intents = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, detail): (i64, String) = (row.get(0)?, row.get(3)?);
            intents.push(Intent {
                id: IntentId(id),
                kind: row.get(1)?,
                subject: row.get(2)?,
                detail: serde_json::from_str(&detail).map_err(|error| StoreError::Row {
                    table: "intents",
                    id,
                    finding: error.to_string(),
                })?,
            });
        }
        Ok(intents)
    }
}

pub(super) fn insert(
    tx: &Transaction,
    kind: &str,
    subject: i64,
    detail: &Value,
    now: DateTime<Utc>,
) -> Result<IntentId, StoreError> {
    tx.execute(
        "INSERT INTO intents (kind, subject, detail, created_at) VALUES (?1, ?2, ?3, ?4)",
        (kind, subject, detail.to_string(), time::to_text(now)),
    )?;
    Ok(IntentId(tx.last_insert_rowid()))
}
