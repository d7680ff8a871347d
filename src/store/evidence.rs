//! What a finished batch says about each miner and each job, for people who ask why.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::Row;

use super::filter::Columns;
use super::{BatchId, Filter, Store, StoreError, time};

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

/// One job of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct JobEvidence {
    pub uuid: String,
    pub batch: BatchId,
    /// When its batch was started.
    pub started_at: Option<DateTime<Utc>>,
    pub hotkey: String,
    pub address: (String, u16),
    pub executor_class: String,
    pub is_completed: bool,
    /// `None`: the answer was never checked.
    pub is_correct: Option<bool>,
    /// `completed`, `wrong` (answered, but not rightly) or `failed`, as metrics count them.
    pub outcome: String,
    pub comment: String,
    pub description: String,
    pub score: f64,
    pub multiplier: Option<f64>,
    /// From the request to the answer, microseconds.
    pub time_took_us: Option<i64>,
    /// Step -> microseconds of Unix time.
    pub times: BTreeMap<String, i64>,
}

/// A prompt whose answer is known, beside what a miner made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedPrompt {
    pub prompt: String,
    /// Of the trusted miner.
    pub expected: Option<String>,
    /// `same`, `different` or `missing`.
    pub result: String,
    /// The miner's answer, cut, where it is different.
    pub found: Option<String>,
}

/// How large a batch was, and what became of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchCounts {
    pub miners: u32,
    /// Miners that sent a manifest.
    pub answered: u32,
    /// Executors of their (capped) manifests.
    pub executors: u32,
    pub jobs: u32,
    pub succeeded: u32,
    /// Jobs with a wrong answer.
    pub wrong: u32,
}

/// What became of a job.
const OUTCOME: &str = "CASE WHEN j.status = 'COMPLETED' THEN 'completed'
                       WHEN j.correct = 0 THEN 'wrong' ELSE 'failed' END";

/// One miner `m` in one batch, grouped from its jobs `j`.
pub(super) const OF_MINER: &str = "m.hotkey,
    count(j.id),
    count(j.id) FILTER (WHERE j.status = 'COMPLETED'),
    coalesce(sum(j.score), 0.0),
    max(j.multiplier),
    coalesce(max(j.comment) FILTER (WHERE j.status = 'FAILED'), m.comment)";

impl Store {
    /// Every miner that was asked in a batch, by hotkey.
    pub fn evidence(&self, batch: BatchId) -> Result<Vec<MinerEvidence>, StoreError> {
        let mut query = self.db.prepare_cached(&format!(
            "SELECT {OF_MINER}
             FROM batch_miners m LEFT JOIN jobs j ON j.batch_id = m.batch_id AND j.hotkey = m.hotkey
             WHERE m.batch_id = ?1 GROUP BY m.hotkey ORDER BY m.hotkey"
        ))?;
        let rows = query.query_map([batch.0], of_miner)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn batch_counts(&self, batch: BatchId) -> Result<BatchCounts, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT count(*), count(claimed), coalesce(sum(claimed), 0),
                    (SELECT count(*) FROM jobs WHERE batch_id = ?1),
                    coalesce(sum(online), 0),
                    (SELECT count(*) FROM jobs
                     WHERE batch_id = ?1 AND status = 'FAILED' AND correct = 0)
             FROM batch_miners WHERE batch_id = ?1",
        )?;
        Ok(query.query_row([batch.0], |row| {
            Ok(BatchCounts {
                miners: row.get(0)?,
                answered: row.get(1)?,
                executors: row.get(2)?,
                jobs: row.get(3)?,
                succeeded: row.get(4)?,
                wrong: row.get(5)?,
            })
        })?)
    }

    /// The job of this uuid.
    pub fn job(&self, uuid: &str) -> Result<Option<JobEvidence>, StoreError> {
        Ok(self.select_jobs("j.uuid = ?1", [uuid])?.pop())
    }

    /// All jobs of a batch, in the order of miners.
    pub fn jobs_of_batch(&self, batch: BatchId) -> Result<Vec<JobEvidence>, StoreError> {
        self.select_jobs("j.batch_id = ?1 ORDER BY j.hotkey, j.id", [batch.0])
    }

    /// Jobs by the start of their batch, miner, outcome and executor class.
    ///
    /// Goes from batch to batch, newest first, and ends at the limit: no job is read in vain that
    /// an index could have passed over.
    pub fn find_jobs(&self, filter: &Filter) -> Result<Vec<JobEvidence>, StoreError> {
        let (condition, values) = filter.condition(Columns {
            time: "b.started_at",
            miner: Some("j.hotkey"),
            outcome: Some(OUTCOME),
            kind: Some("j.executor_class"),
            order: "b.id DESC, j.id DESC",
        });
        self.select_jobs(&condition, rusqlite::params_from_iter(values))
    }

    /// What the answers of a job were compared on, in the order of prompts.
    pub fn comparisons_of_job(&self, uuid: &str) -> Result<Vec<ComparedPrompt>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT p.content, p.answer, c.result, c.found
             FROM jobs j JOIN prompt_comparisons c ON c.job_id = j.id
                         JOIN prompts p ON p.id = c.prompt_id
             WHERE j.uuid = ?1 ORDER BY p.id",
        )?;
        let rows = query.query_map([uuid], |row| {
            Ok(ComparedPrompt {
                prompt: row.get(0)?,
                expected: row.get(1)?,
                result: row.get(2)?,
                found: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn select_jobs(
        &self,
        condition: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<JobEvidence>, StoreError> {
        let mut query = self.db.prepare_cached(&format!(
            "SELECT j.id, j.uuid, j.batch_id, b.started_at, j.hotkey, j.address, j.port,
                    j.executor_class, j.status, j.correct, j.comment, j.description, j.score,
                    j.multiplier, j.time_took_us, j.times, {OUTCOME}
             FROM batches b CROSS JOIN jobs j ON j.batch_id = b.id WHERE {condition}"
        ))?;
        let mut rows = query.query(values)?;
        let mut jobs = Vec::new();
        while let Some(row) = rows.next()? {
            jobs.push(job(row)?);
        }
        Ok(jobs)
    }
}

/// From the columns of [`OF_MINER`], which come first.
pub(super) fn of_miner(row: &Row) -> rusqlite::Result<MinerEvidence> {
    Ok(MinerEvidence {
        hotkey: row.get(0)?,
        jobs: row.get(1)?,
        succeeded: row.get(2)?,
        score: row.get(3)?,
        multiplier: row.get(4)?,
        comment: row.get(5)?,
    })
}

fn job(row: &Row) -> Result<JobEvidence, StoreError> {
    let id: i64 = row.get(0)?;
    let damaged = |finding: &str| StoreError::Row {
        table: "jobs",
        id,
        finding: finding.to_owned(),
    };
    let moment = |text: String| time::from_text(&text).ok_or_else(|| damaged("not a time"));
    Ok(JobEvidence {
        uuid: row.get(1)?,
        batch: BatchId(row.get(2)?),
        started_at: row.get::<_, Option<String>>(3)?.map(moment).transpose()?,
        hotkey: row.get(4)?,
        address: (row.get(5)?, row.get(6)?),
        executor_class: row.get(7)?,
        is_completed: row.get::<_, String>(8)? == "COMPLETED",
        is_correct: row.get(9)?,
        outcome: row.get(16)?,
        comment: row.get(10)?,
        description: row.get(11)?,
        score: row.get(12)?,
        multiplier: row.get(13)?,
        time_took_us: row.get(14)?,
        times: serde_json::from_str(&row.get::<_, String>(15)?)
            .map_err(|_| damaged("its times are not numbers"))?,
    })
}
