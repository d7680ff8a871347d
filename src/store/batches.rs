//! Synthetic batches: planned, taken once, and kept with all their jobs in one transaction,
//! since half of a batch's jobs would make wrong weights.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Transaction};
use serde_json::Value;

use super::batch_record::BatchRecord;
use super::batch_row::{BatchId, BatchPlan, BatchRow, COLUMNS, batch, select};
use super::filter::Columns;
use super::{Filter, Store, StoreError, WeightsId, events, time};
use crate::wire::event::Event;

/// The score of one job: hotkey, executor class, score (0 for a failed job).
pub type JobScore = (String, String, f64);

impl Store {
    /// Stores the plan of a cycle with its event. `None`: this cycle has a plan already.
    pub fn plan_batch(
        &mut self,
        plan: BatchPlan,
        event: &Event,
        now: DateTime<Utc>,
    ) -> Result<Option<BatchId>, StoreError> {
        self.write(|tx| {
            let added = tx.execute(
                "INSERT INTO batches (uuid, origin, state, cycle_start, cycle_stop, block, planned_at)
                 VALUES (?1, 'planned', 'planned', ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
                (new_uuid(), plan.cycle_start, plan.cycle_stop, plan.block, time::to_text(now)),
            )?;
            if added == 0 {
                return Ok(None);
            }
            let id = BatchId(tx.last_insert_rowid());
            events::insert(tx, event)?;
            Ok(Some(id))
        })
    }

    /// The plan of the cycle that begins at this block, run or not.
    pub fn planned_batch(&self, cycle_start: i64) -> Result<Option<BatchRow>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM batches WHERE origin = 'planned' AND cycle_start = ?1");
        let mut query = self.db.prepare_cached(&sql)?;
        let mut rows = query.query([cycle_start])?;
        rows.next()?.map(batch).transpose()
    }

    /// Marks every plan whose block is below `block` as missed; `event` describes each of them.
    pub fn mark_missed(
        &mut self,
        block: i64,
        event: impl Fn(&BatchRow) -> Event,
    ) -> Result<Vec<BatchRow>, StoreError> {
        self.write(|tx| {
            let missed = select(
                tx,
                "state = 'planned' AND block < ?1 ORDER BY block",
                [block],
            )?;
            for batch in &missed {
                tx.execute(
                    "UPDATE batches SET state = 'missed' WHERE id = ?1",
                    [batch.id.0],
                )?;
                events::insert(tx, &event(batch))?;
            }
            Ok(missed)
        })
    }

    /// Plans whose block lies in `from..=to`, lowest first.
    pub fn due_batches(&self, from: i64, to: i64) -> Result<Vec<BatchRow>, StoreError> {
        select(
            &self.db,
            "state = 'planned' AND block BETWEEN ?1 AND ?2 ORDER BY block",
            [from, to],
        )
    }

    /// Marks a plan as started, if no other pass did so before: only one can take it.
    pub fn start_batch(
        &mut self,
        id: BatchId,
        block: i64,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.write(|tx| {
            let taken = tx.execute(
                "UPDATE batches SET state = 'started', started_at = ?2, started_block = ?3
                 WHERE id = ?1 AND state = 'planned'",
                (id.0, time::to_text(now), block),
            )?;
            Ok(taken == 1)
        })
    }

    /// Stores a batch that was not planned, as started.
    pub fn start_batch_now(
        &mut self,
        plan: BatchPlan,
        now: DateTime<Utc>,
    ) -> Result<BatchId, StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO batches (uuid, origin, state, cycle_start, cycle_stop, block, planned_at,
                                      started_at, started_block)
                 VALUES (?1, 'now', 'started', ?2, ?3, ?4, ?5, ?5, ?4)",
                (new_uuid(), plan.cycle_start, plan.cycle_stop, plan.block, time::to_text(now)),
            )?;
            Ok(BatchId(tx.last_insert_rowid()))
        })
    }

    /// Marks batches that were killed or failed while they ran. Only the holder of the batch lock
    /// may call it.
    pub fn break_running_batches(
        &mut self,
        note: &str,
        event: impl Fn(&BatchRow) -> Event,
    ) -> Result<Vec<BatchRow>, StoreError> {
        if select(&self.db, "state = 'started'", [])?.is_empty() {
            return Ok(Vec::new());
        }
        self.write(|tx| {
            let running = select(tx, "state = 'started' ORDER BY id", [])?;
            for batch in &running {
                tx.execute(
                    "UPDATE batches SET state = 'broken', note = ?2 WHERE id = ?1",
                    (batch.id.0, note),
                )?;
                events::insert(tx, &event(batch))?;
            }
            Ok(running)
        })
    }

    /// Keeps everything a batch brought, in one transaction. A batch is kept once.
    pub fn keep_batch(&mut self, record: &BatchRecord) -> Result<(), StoreError> {
        self.write(|tx| record.insert(tx))
    }

    pub fn batch(&self, id: BatchId) -> Result<Option<BatchRow>, StoreError> {
        Ok(select(&self.db, "id = ?1", [id.0])?.pop())
    }

    /// The batch of this uuid.
    pub fn batch_of_uuid(&self, uuid: &str) -> Result<Option<BatchRow>, StoreError> {
        Ok(select(&self.db, "uuid = ?1", [uuid])?.pop())
    }

    /// The batch of this number.
    pub fn batch_of_number(&self, number: i64) -> Result<Option<BatchRow>, StoreError> {
        self.batch(BatchId(number))
    }

    /// Batches by the time they were planned, and by state.
    pub fn find_batches(&self, filter: &Filter) -> Result<Vec<BatchRow>, StoreError> {
        let (condition, values) = filter.condition(Columns {
            time: "planned_at",
            outcome: Some("state"),
            order: "id DESC",
            ..Columns::default()
        });
        select(&self.db, &condition, rusqlite::params_from_iter(values))
    }

    /// What a batch told about itself when it ended: starts of its stages, counts.
    pub fn batch_telemetry(&self, id: BatchId) -> Result<Value, StoreError> {
        let mut query = self
            .db
            .prepare_cached("SELECT telemetry FROM batches WHERE id = ?1")?;
        let text: String = query.query_row([id.0], |row| row.get(0))?;
        serde_json::from_str(&text).map_err(|error| StoreError::Row {
            table: "batches",
            id: id.0,
            finding: error.to_string(),
        })
    }

    /// The newest batch that has results.
    pub fn newest_finished_batch(&self) -> Result<Option<BatchRow>, StoreError> {
        let condition = "state = 'done' ORDER BY id DESC LIMIT 1";
        Ok(select(&self.db, condition, [])?.pop())
    }

    /// The newest batches, newest first.
    pub fn last_batches(&self, limit: u32) -> Result<Vec<BatchRow>, StoreError> {
        select(&self.db, "1 ORDER BY id DESC LIMIT ?1", [limit])
    }

    /// Executors that succeeded in the newest finished batch before this one, by hotkey.
    /// A miner without a manifest there is not in it.
    pub fn previous_online(&self, before: BatchId) -> Result<HashMap<String, u32>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT hotkey, online FROM batch_miners
             WHERE online IS NOT NULL
               AND batch_id = (SELECT max(id) FROM batches WHERE state = 'done' AND id < ?1)",
        )?;
        let rows = query.query_map([before.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Finished batches without weights, started after `since`, whose cycle is over at `block`;
    /// newest first.
    pub fn unscored_batches(
        &self,
        since: DateTime<Utc>,
        block: i64,
    ) -> Result<Vec<BatchRow>, StoreError> {
        select(
            &self.db,
            "state = 'done' AND weights_id IS NULL AND superseded_at IS NULL
             AND started_at > ?1 AND cycle_stop < ?2 ORDER BY id DESC",
            (time::to_text(since), block),
        )
    }

    /// Marks batches that make no weights, with the event that says why.
    pub fn supersede_batches(
        &mut self,
        batches: &[BatchId],
        event: &Event,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            supersede(tx, batches, event.timestamp)?;
            events::insert(tx, event)
        })
    }

    /// The score of every job of a batch.
    pub fn job_scores(&self, id: BatchId) -> Result<Vec<JobScore>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT hotkey, executor_class, score FROM jobs WHERE batch_id = ?1 ORDER BY id",
        )?;
        let rows = query.query_map([id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many miners answered in this batch, and in the newest finished one before it.
    pub fn answering_miners(&self, id: BatchId) -> Result<(u32, Option<u32>), StoreError> {
        let count = |id: i64| {
            self.db.query_row(
                "SELECT count(*) FROM batch_miners WHERE batch_id = ?1 AND claimed IS NOT NULL",
                [id],
                |row| row.get::<_, u32>(0),
            )
        };
        let previous: Option<i64> = self
            .db
            .query_row(
                "SELECT max(id) FROM batches WHERE state = 'done' AND id < ?1",
                [id.0],
                |row| row.get(0),
            )
            .optional()?
            .flatten();
        Ok((count(id.0)?, previous.map(count).transpose()?))
    }
}

fn new_uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Ties batches to the weights made from the first of them; the others are superseded.
pub(super) fn tie(tx: &Transaction, chosen: BatchId, weights: WeightsId) -> Result<(), StoreError> {
    let tied = tx.execute(
        "UPDATE batches SET weights_id = ?2 WHERE id = ?1 AND weights_id IS NULL",
        (chosen.0, weights.0),
    )?;
    match tied {
        1 => Ok(()),
        _ => Err(StoreError::Row {
            table: "batches",
            id: chosen.0,
            finding: "has weights already".to_owned(),
        }),
    }
}

pub(super) fn supersede(
    tx: &Transaction,
    older: &[BatchId],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for batch in older {
        tx.execute(
            "UPDATE batches SET superseded_at = ?2 WHERE id = ?1 AND weights_id IS NULL",
            (batch.0, time::to_text(now)),
        )?;
    }
    Ok(())
}
