//! Users' jobs, and what the facilitator is still to be told. A job's row is committed before
//! anybody is asked to do it; its end and the message that tells it are one transaction.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::Row;
use serde_json::Value;

use super::filter::Columns;
use super::{Filter, IntentId, ReceiptRow, Store, StoreError, events, intents, receipts, time};
use crate::wire::event::Event;

/// What the facilitator is to be told about a job.
pub const TELL_STATUS: &str = "facilitator.status";
/// What it is to be told about the hardware of an executor.
pub const TELL_SPECS: &str = "facilitator.specs";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrganicJobId(i64);

impl OrganicJobId {
    pub fn number(self) -> i64 {
        self.0
    }
}

/// A job that nobody has been asked to do yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrganicJob<'a> {
    pub uuid: &'a str,
    pub hotkey: &'a str,
    pub executor_class: &'a str,
    /// For an operator; without addresses, which may hold credentials.
    pub description: &'a str,
}

/// How a job ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrganicEnd {
    pub is_completed: bool,
    pub comment: String,
    pub stdout: String,
    pub stderr: String,
    pub exit_status: Option<i64>,
    /// Step -> microseconds of Unix time.
    pub times: BTreeMap<&'static str, i64>,
    /// Host, IP version and port of the miner, if it was found.
    pub address: Option<(String, u8, u16)>,
}

/// A job as the operator sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct OrganicRow {
    pub id: OrganicJobId,
    pub uuid: String,
    pub hotkey: String,
    /// Where the miner was found; `None`: it never was.
    pub address: Option<(String, u16)>,
    pub executor_class: String,
    pub description: String,
    /// `RUNNING`, `COMPLETED` or `FAILED`.
    pub status: String,
    pub comment: String,
    pub stdout: String,
    pub stderr: String,
    pub exit_status: Option<i64>,
    /// Step -> microseconds of Unix time.
    pub times: BTreeMap<String, i64>,
    pub created_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Takes a job, once. `None`: a job of that uuid was taken before.
    pub fn take_organic_job(
        &mut self,
        job: &NewOrganicJob,
        now: DateTime<Utc>,
    ) -> Result<Option<OrganicJobId>, StoreError> {
        self.write(|tx| {
            let added = tx.execute(
                "INSERT INTO organic_jobs (uuid, hotkey, executor_class, description, status,
                                           created_at)
                 VALUES (?1, ?2, ?3, ?4, 'RUNNING', ?5) ON CONFLICT DO NOTHING",
                (
                    job.uuid,
                    job.hotkey,
                    job.executor_class,
                    job.description,
                    time::to_text(now),
                ),
            )?;
            Ok((added == 1).then(|| OrganicJobId(tx.last_insert_rowid())))
        })
    }

    /// Ends a job together with the message that tells it, its events and its receipts. `None`:
    /// it had ended before, and nothing was changed.
    pub fn end_organic_job(
        &mut self,
        id: OrganicJobId,
        end: &OrganicEnd,
        tell: &Value,
        events: &[Event],
        signed: &[ReceiptRow],
        now: DateTime<Utc>,
    ) -> Result<Option<IntentId>, StoreError> {
        self.write(|tx| {
            let (address, ip_version, port) = match &end.address {
                Some((host, ip_version, port)) => (Some(host), Some(ip_version), Some(port)),
                None => (None, None, None),
            };
            let times = serde_json::to_string(&end.times).expect("names and numbers are JSON");
            let ended = tx.execute(
                "UPDATE organic_jobs SET status = ?2, comment = ?3, stdout = ?4, stderr = ?5,
                        exit_status = ?6, times = ?7, address = ?8, ip_version = ?9, port = ?10,
                        ended_at = ?11
                 WHERE id = ?1 AND status = 'RUNNING'",
                rusqlite::params![
                    id.0,
                    if end.is_completed {
                        "COMPLETED"
                    } else {
                        "FAILED"
                    },
                    end.comment,
                    end.stdout,
                    end.stderr,
                    end.exit_status,
                    times,
                    address,
                    ip_version,
                    port,
                    time::to_text(now),
                ],
            )?;
            if ended == 0 {
                return Ok(None);
            }
            events
                .iter()
                .try_for_each(|event| events::insert(tx, event))?;
            receipts::insert_own(tx, signed)?;
            intents::insert(tx, TELL_STATUS, id.0, tell, now).map(Some)
        })
    }

    /// Jobs without an end: they run, or were killed with their pass.
    pub fn running_organic_jobs(&self) -> Result<Vec<OrganicRow>, StoreError> {
        self.organic_jobs("status = 'RUNNING' ORDER BY id", [])
    }

    /// The newest jobs, newest first.
    pub fn last_organic_jobs(&self, limit: u32) -> Result<Vec<OrganicRow>, StoreError> {
        self.organic_jobs("1 ORDER BY id DESC LIMIT ?1", [limit])
    }

    /// Jobs by the time they were taken, miner and status.
    pub fn find_organic_jobs(&self, filter: &Filter) -> Result<Vec<OrganicRow>, StoreError> {
        let (condition, values) = filter.condition(Columns {
            time: "created_at",
            miner: Some("hotkey"),
            outcome: Some("status"),
            kind: None,
            order: "id DESC",
        });
        self.organic_jobs(&condition, rusqlite::params_from_iter(values))
    }

    /// The job of this uuid.
    pub fn organic_job(&self, uuid: &str) -> Result<Option<OrganicRow>, StoreError> {
        Ok(self.organic_jobs("uuid = ?1", [uuid])?.pop())
    }

    fn organic_jobs(
        &self,
        condition: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<OrganicRow>, StoreError> {
        let mut query = self.db.prepare_cached(&format!(
            "SELECT id, uuid, hotkey, address, port, executor_class, description, status, comment,
                    stdout, stderr, exit_status, times, created_at, ended_at
             FROM organic_jobs WHERE {condition}"
        ))?;
        let mut rows = query.query(values)?;
        let mut jobs = Vec::new();
        while let Some(row) = rows.next()? {
            jobs.push(organic(row)?);
        }
        Ok(jobs)
    }
}

fn organic(row: &Row) -> Result<OrganicRow, StoreError> {
    let id = row.get(0)?;
    let damaged = |finding: &str| StoreError::Row {
        table: "organic_jobs",
        id,
        finding: finding.to_owned(),
    };
    let moment = |text: String| time::from_text(&text).ok_or_else(|| damaged("not a time"));
    let host: Option<String> = row.get(3)?;
    Ok(OrganicRow {
        id: OrganicJobId(id),
        uuid: row.get(1)?,
        hotkey: row.get(2)?,
        address: host.zip(row.get(4)?),
        executor_class: row.get(5)?,
        description: row.get(6)?,
        status: row.get(7)?,
        comment: row.get(8)?,
        stdout: row.get(9)?,
        stderr: row.get(10)?,
        exit_status: row.get(11)?,
        times: serde_json::from_str(&row.get::<_, String>(12)?)
            .map_err(|_| damaged("its times are not numbers"))?,
        created_at: moment(row.get(13)?)?,
        ended_at: row.get::<_, Option<String>>(14)?.map(moment).transpose()?,
    })
}
