//! Receipts: what a validator signs about a job, and a miner countersigns (spec: receipts).

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::to_miner::Signed;
use super::{ExecutorClass, python_json, time};
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

impl StartedReceipt {
    /// The text that is signed.
    pub fn blob(&self) -> String {
        blob(self)
    }

    pub fn signed(self, keypair: &Keypair) -> Signed<Self> {
        let signature = keypair.sign(self.blob().as_bytes());
        Signed::new(self, signature)
    }
}

impl FinishedReceipt {
    /// The text that is signed.
    pub fn blob(&self) -> String {
        blob(self)
    }

    pub fn signed(self, keypair: &Keypair) -> Signed<Self> {
        let signature = keypair.sign(self.blob().as_bytes());
        Signed::new(self, signature)
    }
}

fn blob(payload: &impl Serialize) -> String {
    let value = serde_json::to_value(payload).expect("texts and integers are JSON");
    python_json::sorted(&value)
}
