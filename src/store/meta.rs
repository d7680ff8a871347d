//! Facts about this database itself, such as the chain it belongs to.

use rusqlite::OptionalExtension;

use super::{Store, StoreError};

const GENESIS: &str = "genesis";

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
}
