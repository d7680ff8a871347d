//! Dynamic parameters as stored: published by the subnet owner, pinned by the operator.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Store, StoreError, time};
use crate::params::{Override, Source};

impl Store {
    /// Every stored value, pinned ones after published ones.
    pub fn params(&self) -> Result<Vec<Override>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT rowid, name, source, value FROM params ORDER BY source DESC, name",
        )?;
        let mut rows = query.query([])?;
        let mut params = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, text): (i64, String) = (row.get(0)?, row.get(3)?);
            let value = serde_json::from_str(&text).map_err(|error| StoreError::Row {
                table: "params",
                id,
                finding: error.to_string(),
            })?;
            let source = match row.get_ref(2)?.as_str() {
                Ok("pinned") => Source::Pinned,
                _ => Source::Published,
            };
            params.push(Override {
                name: row.get(1)?,
                source,
                value,
            });
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
        self.write(|tx| {
            tx.execute(
                "INSERT INTO params (name, source, value, updated_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
                (name, source.name(), value.to_string(), time::to_text(now)),
            )?;
            Ok(())
        })
    }
}
