//! Dynamic parameters as stored: published by the subnet owner, pinned by the operator.

use chrono::{DateTime, Utc};
use rusqlite::Transaction;
use serde_json::Value;

use super::{Store, StoreError, time};
use crate::params::{Override, Source};

impl Store {
    /// Every stored value, pinned ones after published ones.
    pub fn params(&self) -> Result<Vec<Override>, StoreError> {
        let stored = self.params_since()?.into_iter();
        Ok(stored.map(|(one, _)| one).collect())
    }

    /// The same, each with the time since when it is what it is.
    pub fn params_since(&self) -> Result<Vec<(Override, DateTime<Utc>)>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT rowid, name, source, value, updated_at FROM params ORDER BY source DESC, name",
        )?;
        let mut rows = query.query([])?;
        let mut params = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, text, since): (i64, String, String) = (row.get(0)?, row.get(3)?, row.get(4)?);
            let damaged = |finding: String| StoreError::Row {
                table: "params",
                id,
                finding,
            };
            let value = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
            let since = time::from_text(&since).ok_or_else(|| damaged("not a time".to_owned()))?;
            let source = match row.get_ref(2)?.as_str() {
                Ok("pinned") => Source::Pinned,
                _ => Source::Published,
            };
            let name = row.get(1)?;
            params.push((
                Override {
                    name,
                    source,
                    value,
                },
                since,
            ));
        }
        Ok(params)
    }

    pub fn store_param(
        &mut self,
        name: &str,
        source: Source,
        value: &Value,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(|tx| put(tx, name, source, value, now))
    }

    /// Keeps all that one document published, or, where that fails, nothing of it.
    pub fn publish_params(
        &mut self,
        published: &[(&str, Value)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            published
                .iter()
                .try_for_each(|(name, value)| put(tx, name, Source::Published, value, now))
        })
    }

    /// Whether it was pinned.
    pub fn unpin_param(&mut self, name: &str) -> Result<bool, StoreError> {
        self.write(|tx| {
            let sql = "DELETE FROM params WHERE name = ?1 AND source = ?2";
            Ok(tx.execute(sql, (name, Source::Pinned.name()))? > 0)
        })
    }
}

/// A value that is there already keeps its date.
fn put(
    tx: &Transaction,
    name: &str,
    source: Source,
    value: &Value,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut put = tx.prepare_cached(
        "INSERT INTO params (name, source, value, updated_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
         WHERE value <> excluded.value",
    )?;
    put.execute((name, source.name(), value.to_string(), time::to_text(now)))?;
    Ok(())
}
