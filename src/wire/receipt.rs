//! Receipts: what a validator signs about a job, and a miner countersigns (spec: receipts).

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::python_json::SortedObject;
use super::to_miner::Signed;
use super::{ExecutorClass, time};
use crate::keys::Keypair;

/// A job was begun on an executor that had become ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedReceipt {
    pub job_uuid: String,
    pub miner_hotkey: String,
    pub validator_hotkey: String,
    pub executor_class: ExecutorClass,
    #[serde(with = "time::iso")]
    pub time_accepted: DateTime<FixedOffset>,
    /// Seconds.
    pub max_timeout: i64,
}

/// A job came to an end, good or bad.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishedReceipt {
    pub job_uuid: String,
    pub miner_hotkey: String,
    pub validator_hotkey: String,
    #[serde(with = "time::iso")]
    pub time_started: DateTime<FixedOffset>,
    pub time_took_us: i64,
    /// A number in text form, `%.6g` or `%.6f`.
    pub score_str: String,
}

/// Either of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    Started(StartedReceipt),
    Finished(FinishedReceipt),
}

/// Which of them, under the name that it has in published files and in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReceiptKind {
    Started,
    Finished,
}

impl ReceiptKind {
    pub const ALL: [Self; 2] = [Self::Started, Self::Finished];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Started => "JobStartedReceipt",
            Self::Finished => "JobFinishedReceipt",
        }
    }
}

impl StartedReceipt {
    /// The text that is signed.
    pub fn blob(&self) -> String {
        SortedObject::new()
            .text("executor_class", self.executor_class.name())
            .text("job_uuid", &self.job_uuid)
            .integer("max_timeout", self.max_timeout)
            .text("miner_hotkey", &self.miner_hotkey)
            .text("time_accepted", &time::isoformat(&self.time_accepted))
            .text("validator_hotkey", &self.validator_hotkey)
            .end()
    }

    pub fn signed(self, keypair: &Keypair) -> Signed<Self> {
        let signature = keypair.sign(self.blob().as_bytes());
        Signed::new(self, signature)
    }
}

impl FinishedReceipt {
    /// The text that is signed.
    pub fn blob(&self) -> String {
        SortedObject::new()
            .text("job_uuid", &self.job_uuid)
            .text("miner_hotkey", &self.miner_hotkey)
            .text("score_str", &self.score_str)
            .text("time_started", &time::isoformat(&self.time_started))
            .integer("time_took_us", self.time_took_us)
            .text("validator_hotkey", &self.validator_hotkey)
            .end()
    }

    pub fn signed(self, keypair: &Keypair) -> Signed<Self> {
        let signature = keypair.sign(self.blob().as_bytes());
        Signed::new(self, signature)
    }
}

impl Receipt {
    pub fn kind(&self) -> ReceiptKind {
        match self {
            Self::Started(_) => ReceiptKind::Started,
            Self::Finished(_) => ReceiptKind::Finished,
        }
    }

    /// The text that is signed.
    pub fn blob(&self) -> String {
        match self {
            Self::Started(receipt) => receipt.blob(),
            Self::Finished(receipt) => receipt.blob(),
        }
    }

    /// When the job was accepted, or started.
    pub fn time(&self) -> DateTime<FixedOffset> {
        match self {
            Self::Started(receipt) => receipt.time_accepted,
            Self::Finished(receipt) => receipt.time_started,
        }
    }
}
