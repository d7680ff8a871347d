//! What comes of a batch, and how it is kept.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::asked::Asked;
use super::job::Kind;
use super::telemetry;
use crate::store::{BatchId, BatchRecord, JobRow, ManifestRow, MinerRow, ReceiptRow, UsedSample};
use crate::wire::ToFacilitator;
use crate::wire::event::Event;
use crate::wire::facilitator::MachineSpecsUpdate;

/// Everything that a batch brought. Complete also when it was cut short.
#[derive(Debug, Clone)]
pub struct BatchResult {
    /// Why it was cut short; empty if it was not.
    pub note: String,
    pub ended_at: DateTime<Utc>,
    pub miners: Vec<MinerRow>,
    pub jobs: Vec<JobRow>,
    /// Prompt samples that LLM jobs used, with what was compared.
    pub samples: Vec<UsedSample>,
    pub receipts: Vec<ReceiptRow>,
    pub events: Vec<Event>,
    pub telemetry: Value,
    /// What the facilitator may be told about the hardware of executors that did well.
    pub specs: Vec<ToFacilitator>,
}

impl BatchResult {
    /// The whole result as the store keeps it, in one transaction.
    pub fn into_record(self, batch: BatchId) -> BatchRecord {
        BatchRecord {
            batch,
            ended_at: self.ended_at,
            note: self.note,
            telemetry: self.telemetry,
            miners: self.miners,
            jobs: self.jobs,
            samples: self.samples,
            receipts: self.receipts,
            events: self.events,
            specs: self
                .specs
                .iter()
                .map(|specs| serde_json::to_value(specs).expect("texts and an object are JSON"))
                .collect(),
        }
    }
}

/// One message for each job that succeeded and whose executor told its hardware.
pub(super) fn specs(
    asked: &Asked,
    batch_uuid: &str,
    validator: &str,
) -> impl Iterator<Item = ToFacilitator> {
    asked.jobs.iter().filter_map(move |job| {
        let is_success = job
            .outcome
            .as_ref()
            .is_some_and(|outcome| outcome.is_success);
        let raw = job.answers.specs.as_ref().filter(|_| is_success)?;
        Some(ToFacilitator::MachineSpecs(MachineSpecsUpdate {
            miner_hotkey: asked.address.hotkey.clone(),
            validator_hotkey: validator.to_owned(),
            specs: serde_json::from_str(raw.get()).ok()?,
            batch_id: batch_uuid.to_owned(),
        }))
    })
}

pub(super) fn miner_row(asked: &Asked, online: &BTreeMap<String, u32>) -> MinerRow {
    let address = &asked.address;
    let manifest = asked.executors.as_ref().map(|executors| ManifestRow {
        classes: executors
            .iter()
            .map(|(class, count)| (class.to_string(), *count))
            .collect(),
        online: online.get(&address.hotkey).copied().unwrap_or(0),
    });
    MinerRow {
        hotkey: address.hotkey.clone(),
        address: address.host.clone(),
        ip_version: address.ip_version(),
        port: address.port,
        manifest,
        comment: asked.comment.clone(),
    }
}

/// The prompt sample of each LLM job.
pub(super) fn used_samples(asked: &Asked) -> impl Iterator<Item = UsedSample> {
    asked.jobs.iter().filter_map(|job| match &job.kind {
        Kind::Hash { .. } => None,
        Kind::Llm(test) => Some(UsedSample {
            sample: test.sample.id,
            job_uuid: job.uuid.clone(),
            compared: test.compared.clone(),
        }),
    })
}

pub(super) fn job_rows(asked: &Asked) -> impl Iterator<Item = JobRow> {
    let address = &asked.address;
    asked.jobs.iter().filter_map(|job| {
        let outcome = job.outcome.as_ref()?;
        Some(JobRow {
            uuid: job.uuid.clone(),
            hotkey: address.hotkey.clone(),
            address: address.host.clone(),
            ip_version: address.ip_version(),
            port: address.port,
            executor_class: job.class.to_string(),
            completed: outcome.is_success,
            correct: outcome.is_correct,
            comment: outcome.comment.clone(),
            description: job.kind.description().to_owned(),
            score: outcome.score,
            multiplier: outcome.manifest_multiplier,
            time_took_us: outcome.time_took_us,
            times: telemetry::times(job),
        })
    })
}
