//! That this database was restored from a backup, so that the chain and the miners may have seen
//! what it does not know.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{PassOutcome, Store, StoreError, meta, time};

const RESTORED: &str = "restored";

/// A restore, until the first pass that writes to the chain has compared both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    pub at: DateTime<Utc>,
    /// The name of the backup or of the file.
    pub backup: String,
    /// When the backup was made, as far as its name tells.
    pub made_at: Option<DateTime<Utc>>,
    /// When the comparison was made.
    pub reconciled_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Marks a restored database before it takes its place. What was under way when the backup
    /// was made is not under way any more; and since miners may have been shown prompts that are
    /// still unused here, those are never used.
    pub fn mark_restored(&mut self, restored: &Restored) -> Result<(), StoreError> {
        let now = time::to_text(restored.at);
        self.write(|tx| {
            meta::put(tx, RESTORED, restored)?;
            meta::forget_facilitator(tx)?;
            tx.execute(
                "UPDATE passes SET ended_at = ?1, outcome = ?2, summary = 'under way when the backup was made'
                 WHERE outcome IS NULL",
                (&now, PassOutcome::Interrupted.name()),
            )?;
            tx.execute(
                "UPDATE prompt_samples SET taken_at = ?1 WHERE taken_at IS NULL",
                [&now],
            )?;
            Ok(())
        })
    }

    /// The last restore, if there was one.
    pub fn restored(&self) -> Result<Option<Restored>, StoreError> {
        self.meta(RESTORED)
    }

    /// Notes that a pass has compared the restored database with the chain.
    pub fn note_reconciled(&mut self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let Some(mut restored) = self.restored()? else {
            return Ok(());
        };
        restored.reconciled_at = Some(now);
        self.write(|tx| meta::put(tx, RESTORED, &restored))
    }
}
