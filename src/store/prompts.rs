//! Prompts for LLM executors: series, the workloads and samples drawn from them, known answers,
//! and what miners' answers were compared with. A sample is used once, whatever becomes of it.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Transaction};

use super::{BatchId, ReceiptRow, Store, StoreError, events, receipts, time};
use crate::llmjob::{Compared, KnownAnswer};
use crate::wire::event::Event;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesId(i64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkloadId(i64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SampleId(i64);

/// A file of prompts, as it lies in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesRow {
    pub id: SeriesId,
    pub uuid: String,
    pub url: String,
}

/// A file of sampled prompts that is to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadRow {
    pub id: WorkloadId,
    pub uuid: String,
    pub seed: u32,
    pub url: String,
}

/// A workload that lies in its bucket and is not known here yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWorkload {
    pub uuid: String,
    pub seed: u32,
    pub url: String,
    /// Series, and the prompts drawn from it.
    pub samples: Vec<(SeriesId, Vec<String>)>,
}

/// What there is for one LLM job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptSample {
    pub id: SampleId,
    pub series_url: String,
    pub seed: u32,
    /// At least one.
    pub known: Vec<KnownAnswer>,
}

/// The samples that a batch gets: as many as it wanted, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenSamples {
    /// How many there were before.
    pub available: u32,
    pub samples: Vec<PromptSample>,
}

/// What became of a sample in a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedSample {
    pub sample: SampleId,
    pub job_uuid: String,
    pub compared: Vec<Compared>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PromptCounts {
    pub series: u32,
    pub unfinished_workloads: u32,
    /// Samples with known answers that no batch has taken.
    pub ready_samples: u32,
    /// Samples whose workload is not answered yet.
    pub waiting_samples: u32,
}

/// A sample can be used when its workload is answered, and at least one of its own prompts is:
/// with nothing to compare, every answer would be right.
const READY: &str = "s.taken_at IS NULL
    AND EXISTS (SELECT 1 FROM prompt_workloads w
                WHERE w.id = s.workload_id AND w.finished_at IS NOT NULL)
    AND EXISTS (SELECT 1 FROM prompts p WHERE p.sample_id = s.id AND p.answer IS NOT NULL)";

impl Store {
    pub fn prompt_counts(&self) -> Result<PromptCounts, StoreError> {
        let sql = format!(
            "SELECT (SELECT count(*) FROM prompt_series),
                    (SELECT count(*) FROM prompt_workloads WHERE finished_at IS NULL),
                    (SELECT count(*) FROM prompt_samples s WHERE {READY}),
                    (SELECT count(*) FROM prompt_samples s WHERE s.workload_id IN
                         (SELECT id FROM prompt_workloads WHERE finished_at IS NULL))"
        );
        let mut query = self.db.prepare_cached(&sql)?;
        Ok(query.query_row([], |row| {
            Ok(PromptCounts {
                series: row.get(0)?,
                unfinished_workloads: row.get(1)?,
                ready_samples: row.get(2)?,
                waiting_samples: row.get(3)?,
            })
        })?)
    }

    /// Keeps series, as (uuid, url), that the trusted miner has made, with receipts and events.
    pub fn keep_series(
        &mut self,
        series: &[(String, String)],
        generator_version: u32,
        signed: &[ReceiptRow],
        events: &[Event],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let mut insert = tx.prepare_cached(
                "INSERT INTO prompt_series (uuid, url, generator_version, created_at)
                 VALUES (?1, ?2, ?3, ?4)",
            )?;
            for (uuid, url) in series {
                insert.execute((uuid, url, generator_version, time::to_text(now)))?;
            }
            receipts::insert_own(tx, signed)?;
            events
                .iter()
                .try_for_each(|event| events::insert(tx, event))
        })
    }

    /// All series, oldest first.
    pub fn series(&self) -> Result<Vec<SeriesRow>, StoreError> {
        let mut query = self
            .db
            .prepare_cached("SELECT id, uuid, url FROM prompt_series ORDER BY id")?;
        let rows = query.query_map([], |row| {
            Ok(SeriesRow {
                id: SeriesId(row.get(0)?),
                uuid: row.get(1)?,
                url: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps a workload with all its samples and prompts.
    pub fn keep_workload(
        &mut self,
        workload: &NewWorkload,
        now: DateTime<Utc>,
    ) -> Result<WorkloadId, StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO prompt_workloads (uuid, seed, url, created_at) VALUES (?1, ?2, ?3, ?4)",
                (&workload.uuid, workload.seed, &workload.url, time::to_text(now)),
            )?;
            let id = tx.last_insert_rowid();
            let mut sample = tx.prepare_cached(
                "INSERT INTO prompt_samples (series_id, workload_id) VALUES (?1, ?2)",
            )?;
            let mut prompt =
                tx.prepare_cached("INSERT INTO prompts (sample_id, content) VALUES (?1, ?2)")?;
            for (series, prompts) in &workload.samples {
                sample.execute((series.0, id))?;
                let sample = tx.last_insert_rowid();
                for content in prompts {
                    prompt.execute((sample, content))?;
                }
            }
            Ok(WorkloadId(id))
        })
    }

    /// Workloads without answers, oldest first.
    pub fn unfinished_workloads(&self) -> Result<Vec<WorkloadRow>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT id, uuid, seed, url FROM prompt_workloads WHERE finished_at IS NULL ORDER BY id",
        )?;
        let rows = query.query_map([], |row| {
            Ok(WorkloadRow {
                id: WorkloadId(row.get(0)?),
                uuid: row.get(1)?,
                seed: row.get(2)?,
                url: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The prompts of a workload, as (id, text).
    pub fn workload_prompts(&self, id: WorkloadId) -> Result<Vec<(i64, String)>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT p.id, p.content FROM prompts p JOIN prompt_samples s ON s.id = p.sample_id
             WHERE s.workload_id = ?1 ORDER BY p.id",
        )?;
        let rows = query.query_map([id.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps the answers to the prompts with these ids, and ends the workload. False: it had
    /// ended before, and nothing was changed.
    pub fn finish_workload(
        &mut self,
        id: WorkloadId,
        answers: &[(i64, String)],
        signed: &[ReceiptRow],
        events: &[Event],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.write(|tx| {
            let ended = tx.execute(
                "UPDATE prompt_workloads SET finished_at = ?2
                 WHERE id = ?1 AND finished_at IS NULL",
                (id.0, time::to_text(now)),
            )?;
            if ended == 0 {
                return Ok(false);
            }
            let mut keep = tx.prepare_cached("UPDATE prompts SET answer = ?2 WHERE id = ?1")?;
            for (prompt, answer) in answers {
                keep.execute((prompt, answer))?;
            }
            receipts::insert_own(tx, signed)?;
            events
                .iter()
                .try_for_each(|event| events::insert(tx, event))?;
            Ok(true)
        })
    }

    /// Keeps what a job on the trusted miner left behind that did not do.
    pub fn keep_trusted_failure(
        &mut self,
        signed: &[ReceiptRow],
        events: &[Event],
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            receipts::insert_own(tx, signed)?;
            events
                .iter()
                .try_for_each(|event| events::insert(tx, event))
        })
    }

    /// Takes as many samples as a batch wants, oldest first, or none if there are too few. They
    /// count as used from here on, not from when the batch is kept: miners see them before that,
    /// and a batch that is killed in between must not give its successor samples that miners know.
    pub fn take_samples(
        &mut self,
        batch: BatchId,
        wanted: u32,
        now: DateTime<Utc>,
    ) -> Result<TakenSamples, StoreError> {
        self.write(|tx| {
            let count = format!("SELECT count(*) FROM prompt_samples s WHERE {READY}");
            let available: u32 = tx.query_row(&count, [], |row| row.get(0))?;
            if available < wanted {
                return Ok(TakenSamples {
                    available,
                    samples: Vec::new(),
                });
            }
            let samples = ready_samples(tx, wanted)?;
            let mut take = tx.prepare_cached(
                "UPDATE prompt_samples SET taken_at = ?2, batch_id = ?3 WHERE id = ?1",
            )?;
            for sample in &samples {
                take.execute((sample.id.0, time::to_text(now), batch.0))?;
            }
            Ok(TakenSamples { available, samples })
        })
    }
}

fn ready_samples(tx: &Transaction, limit: u32) -> Result<Vec<PromptSample>, StoreError> {
    let mut query = tx.prepare_cached(&format!(
        "SELECT s.id, (SELECT url FROM prompt_series WHERE id = s.series_id),
                (SELECT seed FROM prompt_workloads WHERE id = s.workload_id)
         FROM prompt_samples s WHERE {READY} ORDER BY s.id LIMIT ?1"
    ))?;
    let mut prompts = tx.prepare_cached(
        "SELECT id, content, answer FROM prompts
         WHERE sample_id = ?1 AND answer IS NOT NULL ORDER BY id",
    )?;
    let mut rows = query.query([limit])?;
    let mut samples = Vec::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let known = prompts.query_map([id], |row| {
            Ok(KnownAnswer {
                id: row.get(0)?,
                prompt: row.get(1)?,
                answer: row.get(2)?,
            })
        })?;
        samples.push(PromptSample {
            id: SampleId(id),
            series_url: row.get(1)?,
            seed: row.get(2)?,
            known: known.collect::<Result<_, _>>()?,
        });
    }
    Ok(samples)
}

/// Ties samples to the jobs that used them, with what was compared. The jobs are there already.
pub(super) fn insert_used(tx: &Transaction, used: &[UsedSample]) -> Result<(), StoreError> {
    let mut job_of = tx.prepare_cached("SELECT id FROM jobs WHERE uuid = ?1")?;
    let mut tie = tx
        .prepare_cached("UPDATE prompt_samples SET job_id = ?2 WHERE id = ?1 AND job_id IS NULL")?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO prompt_comparisons (job_id, prompt_id, result, found)
         VALUES (?1, ?2, ?3, ?4)",
    )?;
    for one in used {
        let job: Option<i64> = job_of
            .query_row([&one.job_uuid], |row| row.get(0))
            .optional()?;
        // a job whose task died has no row
        let Some(job) = job else { continue };
        if tie.execute((one.sample.0, job))? != 1 {
            return Err(StoreError::Row {
                table: "prompt_samples",
                id: one.sample.0,
                finding: "was used by another job".to_owned(),
            });
        }
        for compared in &one.compared {
            let verdict = compared.verdict.name();
            insert.execute((job, compared.id, verdict, &compared.found))?;
        }
    }
    Ok(())
}
