//! Receipts: those that this validator signed, and those that miners publish.

use serde_json::Value;

use super::cell::second;
use super::{Evidence, EvidenceError, Table};
use crate::store::{Filter, ReceiptEvidence, Store};

/// Receipts by time, miner, type, and whether the miner has countersigned.
pub fn receipts(store: &Store, filter: &Filter) -> Result<Evidence, EvidenceError> {
    Ok(Evidence::list(table(&store.find_receipts(filter)?)))
}

/// The receipts about one job.
pub fn receipts_of_job(store: &Store, uuid: &str) -> Result<Evidence, EvidenceError> {
    let found = store.receipts_of_job(uuid)?;
    if found.is_empty() {
        return Err(EvidenceError::unknown("receipts of job", uuid, "receipts"));
    }
    Ok(Evidence::list(table(&found)))
}

pub(super) fn table(receipts: &[ReceiptEvidence]) -> Table {
    let columns = &[
        "type",
        "at",
        "countersigned",
        "job",
        "hotkey",
        "validator_hotkey",
        "payload",
    ];
    Table::new("receipts", columns, receipts, |receipt| {
        vec![
            receipt.kind.clone().into(),
            second(receipt.time),
            receipt.is_countersigned.into(),
            receipt.job_uuid.clone().into(),
            receipt.miner_hotkey.clone().into(),
            receipt.validator_hotkey.clone().into(),
            Value::from(receipt.payload.to_string()),
        ]
    })
}
