//! What a finished batch says about each miner, for people who ask why.

use super::{BatchId, Store, StoreError};

/// One miner in one batch.
#[derive(Debug, Clone, PartialEq)]
pub struct MinerEvidence {
    pub hotkey: String,
    pub jobs: u32,
    pub succeeded: u32,
    /// Sum of the job scores.
    pub score: f64,
    /// Manifest multiplier, if one was applied.
    pub multiplier: Option<f64>,
    /// Why a job failed, or why there was none; empty if all went well.
    pub comment: String,
}

impl Store {
    /// Every miner that was asked in a batch, by hotkey.
    pub fn evidence(&self, batch: BatchId) -> Result<Vec<MinerEvidence>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT m.hotkey,
                    count(j.id),
                    count(j.id) FILTER (WHERE j.status = 'COMPLETED'),
                    coalesce(sum(j.score), 0.0),
                    max(j.multiplier),
                    coalesce(max(j.comment) FILTER (WHERE j.status = 'FAILED'), m.comment)
             FROM batch_miners m LEFT JOIN jobs j ON j.batch_id = m.batch_id AND j.hotkey = m.hotkey
             WHERE m.batch_id = ?1 GROUP BY m.hotkey ORDER BY m.hotkey",
        )?;
        let rows = query.query_map([batch.0], |row| {
            Ok(MinerEvidence {
                hotkey: row.get(0)?,
                jobs: row.get(1)?,
                succeeded: row.get(2)?,
                score: row.get(3)?,
                multiplier: row.get(4)?,
                comment: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
