//! What a finished batch leaves behind, written as one whole.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::Transaction;
use serde_json::Value;

use super::{
    BatchId, ReceiptRow, StoreError, TELL_SPECS, UsedSample, events, intents, prompts, receipts,
    time,
};
use crate::wire::event::Event;

/// Everything that is kept of one run of a batch.
#[derive(Clone, Debug)]
pub struct BatchRecord {
    pub batch: BatchId,
    pub ended_at: DateTime<Utc>,
    /// Why it was cut short, if it was.
    pub note: String,
    pub telemetry: Value,
    pub miners: Vec<MinerRow>,
    pub jobs: Vec<JobRow>,
    /// Prompt samples that LLM jobs used.
    pub samples: Vec<UsedSample>,
    pub receipts: Vec<ReceiptRow>,
    pub events: Vec<Event>,
    /// Messages to the facilitator about hardware.
    pub specs: Vec<Value>,
}

/// One miner that was asked, whether it answered or not.
#[derive(Clone, Debug, PartialEq)]
pub struct MinerRow {
    pub hotkey: String,
    pub address: String,
    pub ip_version: u8,
    pub port: u16,
    pub manifest: Option<ManifestRow>,
    /// Why there is no manifest.
    pub comment: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ManifestRow {
    /// Executors per class, as capped.
    pub classes: BTreeMap<String, u32>,
    /// Jobs that succeeded.
    pub online: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct JobRow {
    pub uuid: String,
    pub hotkey: String,
    pub address: String,
    pub ip_version: u8,
    pub port: u16,
    pub executor_class: String,
    pub completed: bool,
    /// `None`: the answer was never checked.
    pub correct: Option<bool>,
    pub comment: String,
    pub description: String,
    /// Finite and not negative; 0 for a failed job.
    pub score: f64,
    pub multiplier: Option<f64>,
    pub time_took_us: Option<i64>,
    /// Step -> microseconds of Unix time.
    pub times: BTreeMap<&'static str, i64>,
}

impl BatchRecord {
    pub(super) fn insert(&self, tx: &Transaction) -> Result<(), StoreError> {
        let kept = tx.execute(
            "UPDATE batches SET state = 'done', ended_at = ?2, note = ?3, telemetry = ?4
             WHERE id = ?1 AND state = 'started'",
            (
                self.batch.0,
                time::to_text(self.ended_at),
                &self.note,
                self.telemetry.to_string(),
            ),
        )?;
        if kept != 1 {
            return Err(StoreError::Row {
                table: "batches",
                id: self.batch.0,
                finding: "is not running, its results are not kept".to_owned(),
            });
        }
        self.insert_miners(tx)?;
        self.insert_jobs(tx)?;
        prompts::insert_used(tx, &self.samples)?;
        receipts::insert_own(tx, &self.receipts)?;
        for specs in &self.specs {
            intents::insert(tx, TELL_SPECS, self.batch.0, specs, self.ended_at)?;
        }
        self.events
            .iter()
            .try_for_each(|event| events::insert(tx, event))
    }

    fn insert_miners(&self, tx: &Transaction) -> Result<(), StoreError> {
        let mut insert = tx.prepare_cached(
            "INSERT INTO batch_miners (batch_id, hotkey, address, ip_version, port, manifest, claimed,
                                       online, comment)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        for miner in &self.miners {
            let classes = miner
                .manifest
                .as_ref()
                .map(|manifest| json(&manifest.classes));
            let claimed = miner
                .manifest
                .as_ref()
                .map(|m| m.classes.values().sum::<u32>());
            let online = miner.manifest.as_ref().map(|manifest| manifest.online);
            insert.execute((
                self.batch.0,
                &miner.hotkey,
                &miner.address,
                miner.ip_version,
                miner.port,
                classes,
                claimed,
                online,
                &miner.comment,
            ))?;
        }
        Ok(())
    }

    fn insert_jobs(&self, tx: &Transaction) -> Result<(), StoreError> {
        let mut insert = tx.prepare_cached(
            "INSERT INTO jobs (batch_id, uuid, hotkey, address, ip_version, port, executor_class,
                               status, correct, comment, description, score, multiplier,
                               time_took_us, times)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?;
        for job in &self.jobs {
            insert.execute(rusqlite::params![
                self.batch.0,
                job.uuid,
                job.hotkey,
                job.address,
                job.ip_version,
                job.port,
                job.executor_class,
                if job.completed { "COMPLETED" } else { "FAILED" },
                job.correct,
                job.comment,
                job.description,
                job.score,
                job.multiplier,
                job.time_took_us,
                json(&job.times),
            ])?;
        }
        Ok(())
    }
}

fn json<T: Ord + serde::Serialize, V: serde::Serialize>(map: &BTreeMap<T, V>) -> String {
    serde_json::to_string(map).expect("a map with text keys and number values is JSON")
}
