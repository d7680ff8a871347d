//! Receipts: the copies of those that this validator signed, and those that miners publish. Each
//! is kept once per miner, type and job.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, Transaction};
use serde_json::Value;

use super::filter::Columns;
use super::{Filter, Store, StoreError, events, time};
use crate::wire::event::Event;
use crate::wire::python_json;
use crate::wire::receipt::{FinishedReceipt, ReceiptKind, StartedReceipt};
use crate::wire::to_miner::Signed;

/// Old rows are deleted so many at a time: others want to write, too.
const DELETED_AT_ONCE: u32 = 5_000;

/// A receipt that this validator signed.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiptRow {
    /// `JobStartedReceipt` or `JobFinishedReceipt`.
    pub kind: &'static str,
    pub job_uuid: String,
    pub miner_hotkey: String,
    pub validator_hotkey: String,
    pub validator_signature: String,
    pub time: DateTime<Utc>,
    pub payload: Value,
}

impl From<&Signed<StartedReceipt>> for ReceiptRow {
    fn from(signed: &Signed<StartedReceipt>) -> Self {
        let receipt = &signed.payload;
        Self {
            kind: "JobStartedReceipt",
            job_uuid: receipt.job_uuid.clone(),
            miner_hotkey: receipt.miner_hotkey.clone(),
            validator_hotkey: receipt.validator_hotkey.clone(),
            validator_signature: signed.signature.clone(),
            time: receipt.time_accepted.to_utc(),
            payload: serde_json::to_value(receipt).expect("texts and integers are JSON"),
        }
    }
}

impl From<&Signed<FinishedReceipt>> for ReceiptRow {
    fn from(signed: &Signed<FinishedReceipt>) -> Self {
        let receipt = &signed.payload;
        Self {
            kind: "JobFinishedReceipt",
            job_uuid: receipt.job_uuid.clone(),
            miner_hotkey: receipt.miner_hotkey.clone(),
            validator_hotkey: receipt.validator_hotkey.clone(),
            validator_signature: signed.signature.clone(),
            time: receipt.time_started.to_utc(),
            payload: serde_json::to_value(receipt).expect("texts and integers are JSON"),
        }
    }
}

/// A receipt that its miner has countersigned. Both signatures hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedReceipt {
    pub kind: ReceiptKind,
    pub job_uuid: String,
    pub miner_hotkey: String,
    pub validator_hotkey: String,
    pub validator_signature: String,
    pub miner_signature: String,
    pub time: DateTime<Utc>,
    /// The text that is signed.
    pub payload: String,
}

/// What became of receipts that were to be kept. The others were there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptReceipts {
    pub new: u64,
    /// Copies of our own that got the miner's signature.
    pub countersigned: u64,
}

/// A receipt as the operator sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiptEvidence {
    /// `JobStartedReceipt` or `JobFinishedReceipt`.
    pub kind: String,
    pub job_uuid: String,
    pub miner_hotkey: String,
    pub validator_hotkey: String,
    /// Whether the miner has published it with its signature.
    pub is_countersigned: bool,
    /// Accepted or started.
    pub time: DateTime<Utc>,
    pub payload: Value,
}

impl Store {
    /// Receipts by time, miner and type.
    pub fn find_receipts(&self, filter: &Filter) -> Result<Vec<ReceiptEvidence>, StoreError> {
        let (condition, values) = filter.condition(Columns {
            time: "time",
            miner: Some("miner_hotkey"),
            outcome: Some("iif(miner_signature IS NULL, 'own', 'countersigned')"),
            kind: Some("type"),
            order: "time DESC",
        });
        self.select_receipts(&condition, rusqlite::params_from_iter(values))
    }

    /// The receipts about this job, of whichever miner.
    pub fn receipts_of_job(&self, job_uuid: &str) -> Result<Vec<ReceiptEvidence>, StoreError> {
        self.select_receipts("job_uuid = ?1 ORDER BY type DESC, miner_hotkey", [job_uuid])
    }

    fn select_receipts(
        &self,
        condition: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<ReceiptEvidence>, StoreError> {
        let mut query = self.db.prepare_cached(&format!(
            "SELECT type, job_uuid, miner_hotkey, validator_hotkey, miner_signature IS NOT NULL,
                    time, payload
             FROM receipts WHERE {condition}"
        ))?;
        let mut rows = query.query(values)?;
        let mut receipts = Vec::new();
        while let Some(row) = rows.next()? {
            receipts.push(receipt(row)?);
        }
        Ok(receipts)
    }

    /// Keeps receipts and events in one transaction.
    pub fn keep_receipts(
        &mut self,
        receipts: &[SignedReceipt],
        about_them: &[Event],
    ) -> Result<KeptReceipts, StoreError> {
        self.write(|tx| {
            let kept = insert_signed(tx, receipts)?;
            about_them
                .iter()
                .try_for_each(|event| events::insert(tx, event))?;
            Ok(kept)
        })
    }

    /// Deletes the receipts of before this time, and says how many there were.
    pub fn delete_receipts_before(&mut self, oldest: DateTime<Utc>) -> Result<u64, StoreError> {
        let oldest = time::to_text(oldest);
        let mut all = 0;
        loop {
            let deleted = self.write(|tx| {
                let mut delete = tx.prepare_cached(
                    "DELETE FROM receipts WHERE (miner_hotkey, type, job_uuid) IN
                         (SELECT miner_hotkey, type, job_uuid FROM receipts
                          WHERE time < ?1 LIMIT ?2)",
                )?;
                Ok(delete.execute((&oldest, DELETED_AT_ONCE))?)
            })?;
            all += deleted as u64;
            if deleted < DELETED_AT_ONCE as usize {
                return Ok(all);
            }
        }
    }

    /// The time of the miner's newest countersigned receipt of this kind that is not of after
    /// `now`.
    pub fn newest_receipt(
        &self,
        miner_hotkey: &str,
        kind: ReceiptKind,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT time FROM receipts
             WHERE miner_hotkey = ?1 AND type = ?2 AND time <= ?3 AND miner_signature IS NOT NULL
             ORDER BY time DESC LIMIT 1",
        )?;
        let newest: Option<String> = query
            .query_row((miner_hotkey, kind.name(), time::to_text(now)), |row| {
                row.get(0)
            })
            .optional()?;
        Ok(newest.as_deref().and_then(time::from_text))
    }

    /// The jobs of the miner's countersigned receipts of this kind from `since` on.
    pub fn receipts_since(
        &self,
        miner_hotkey: &str,
        kind: ReceiptKind,
        since: DateTime<Utc>,
    ) -> Result<Vec<String>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT job_uuid FROM receipts
             WHERE miner_hotkey = ?1 AND type = ?2 AND time >= ?3 AND miner_signature IS NOT NULL",
        )?;
        let jobs = query.query_map((miner_hotkey, kind.name(), time::to_text(since)), |row| {
            row.get(0)
        })?;
        Ok(jobs.collect::<Result<_, _>>()?)
    }

    /// How many receipts of this miner there are.
    pub fn count_receipts(&self, miner_hotkey: &str) -> Result<u64, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT count(*) FROM receipts INDEXED BY receipts_by_miner WHERE miner_hotkey = ?1",
        )?;
        let count: i64 = query.query_row([miner_hotkey], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}

fn receipt(row: &Row) -> Result<ReceiptEvidence, StoreError> {
    // the table has no numbers
    let damaged = |finding: String| StoreError::Row {
        table: "receipts",
        id: 0,
        finding,
    };
    let (time, payload): (String, String) = (row.get(5)?, row.get(6)?);
    Ok(ReceiptEvidence {
        kind: row.get(0)?,
        job_uuid: row.get(1)?,
        miner_hotkey: row.get(2)?,
        validator_hotkey: row.get(3)?,
        is_countersigned: row.get(4)?,
        time: time::from_text(&time).ok_or_else(|| damaged(format!("`{time}` is no time")))?,
        payload: serde_json::from_str(&payload).map_err(|error| damaged(error.to_string()))?,
    })
}

/// Copies of what this validator has signed. Whose job it was is known here better than anywhere:
/// what a miner has published about it under another name gives way.
pub(super) fn insert_own(tx: &Transaction, receipts: &[ReceiptRow]) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO receipts (type, job_uuid, miner_hotkey, validator_hotkey,
                               validator_signature, time, payload)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT DO UPDATE SET
             validator_hotkey = excluded.validator_hotkey,
             validator_signature = excluded.validator_signature,
             miner_signature = NULL,
             time = excluded.time,
             payload = excluded.payload
         WHERE validator_hotkey <> excluded.validator_hotkey",
    )?;
    for receipt in receipts {
        insert.execute((
            receipt.kind,
            &receipt.job_uuid,
            &receipt.miner_hotkey,
            &receipt.validator_hotkey,
            &receipt.validator_signature,
            time::to_text(receipt.time),
            python_json::sorted(&receipt.payload),
        ))?;
    }
    Ok(())
}

fn insert_signed(tx: &Transaction, receipts: &[SignedReceipt]) -> Result<KeptReceipts, StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO receipts (type, job_uuid, miner_hotkey, validator_hotkey,
                               validator_signature, miner_signature, time, payload)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
    )?;
    // copies of before version 2 have other white space
    let mut countersign = tx.prepare_cached(
        "UPDATE receipts SET miner_signature = ?4
         WHERE miner_hotkey = ?1 AND type = ?2 AND job_uuid = ?3
             AND miner_signature IS NULL AND json(payload) = json(?5)",
    )?;
    let mut kept = KeptReceipts::default();
    for receipt in receipts {
        let inserted = insert.execute((
            receipt.kind.name(),
            &receipt.job_uuid,
            &receipt.miner_hotkey,
            &receipt.validator_hotkey,
            &receipt.validator_signature,
            &receipt.miner_signature,
            time::to_text(receipt.time),
            &receipt.payload,
        ))?;
        if inserted == 1 {
            kept.new += 1;
            continue;
        }
        let countersigned = countersign.execute((
            &receipt.miner_hotkey,
            receipt.kind.name(),
            &receipt.job_uuid,
            &receipt.miner_signature,
            &receipt.payload,
        ))?;
        kept.countersigned += countersigned as u64;
    }
    Ok(kept)
}
