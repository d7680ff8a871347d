//! The trusted miner: is it configured, is it free, and one job on it (spec: prompts).

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Buckets;
use crate::keys::Keypair;
use crate::miner::{Caller, Clock, LargeMessages, MinerAddress, Tap};
use crate::organic::{Ended, Limits, Order, Verdict, drive};
use crate::pass::{Failure, Pass};
use crate::wire::event::{Event, EventSubtype, EventType};
use crate::wire::{ExecutorClass, OutputUpload, Volume};

/// What the passes that use the trusted miner need.
pub(super) struct Workshop {
    pub(super) buckets: Buckets,
    pub(super) address: MinerAddress,
    keypair: Arc<Keypair>,
    scale: Option<f64>,
}

/// One job for it.
pub(super) struct Task {
    pub(super) class: ExecutorClass,
    pub(super) image: String,
    pub(super) arguments: Vec<String>,
    pub(super) volume: Option<Volume>,
    pub(super) output_upload: OutputUpload,
    pub(super) timeout: Duration,
}

/// How that went.
pub(super) struct Done {
    pub(super) job_uuid: String,
    pub(super) ended: Ended,
    /// About receipts that could not be sent and the like.
    pub(super) events: Vec<Event>,
}

impl Workshop {
    /// `Err`: what is not set.
    pub(super) fn of(pass: &Pass) -> Result<Result<Self, &'static str>, Failure> {
        let environment = &pass.environment;
        let Some(miner) = environment.trusted_miner()? else {
            return Ok(Err("no trusted miner is configured"));
        };
        let Some(buckets) = Buckets::from_settings(environment)? else {
            return Ok(Err(NO_BUCKETS));
        };
        Ok(Ok(Self {
            buckets,
            address: MinerAddress {
                hotkey: miner.hotkey,
                host: miner.address,
                port: miner.port,
            },
            keypair: Arc::new(pass.hotkey()?),
            scale: environment.batch_time_scale(),
        }))
    }

    /// Runs a job to its end, as a user's job.
    pub(super) async fn run(&self, task: Task, now: DateTime<Utc>) -> Done {
        let limits = Limits {
            total: task.timeout,
            ready: task.timeout,
            ..Limits::PRODUCTION
        };
        let limits = self.scale.map_or(limits, |factor| limits.scaled(factor));
        let order = Order {
            uuid: Uuid::new_v4().to_string(),
            miner_hotkey: self.address.hotkey.clone(),
            executor_class: task.class,
            docker_image: Some(task.image),
            raw_script: None,
            args: task.arguments,
            use_gpu: true,
            volume: task.volume,
            is_volume_early: true,
            output_upload: Some(task.output_upload),
        };
        let caller = Caller {
            keypair: self.keypair.clone(),
            limits: limits.miner,
            clock: Clock::showing(now),
            room: LargeMessages::default(),
            tap: Tap::default(),
        };
        let ended = drive(&order, self.address.clone(), caller, limits, |_, _| ()).await;
        Done {
            events: self.events(&order.uuid, &ended, now),
            job_uuid: order.uuid,
            ended,
        }
    }

    fn events(&self, job_uuid: &str, ended: &Ended, now: DateTime<Utc>) -> Vec<Event> {
        let mishaps = ended.mishaps.iter().map(|mishap| {
            let kind = match mishap.subtype {
                EventSubtype::ReceiptSendError => EventType::ReceiptFailure,
                _ => EventType::MinerOrganicJobFailure,
            };
            Event::new(kind, mishap.subtype, now, &mishap.description)
                .with("job_uuid", job_uuid)
                .with("miner_hotkey", self.address.hotkey.as_str())
        });
        mishaps.collect()
    }
}

pub(super) const NO_BUCKETS: &str = "no buckets for prompts and answers are configured";

/// Whether the next pass may do better without anybody's help.
pub(super) fn is_passing(ended: &Ended) -> bool {
    !matches!(ended.verdict, Verdict::Failed | Verdict::Completed)
}

/// Tells, once a day, that a part of the settings is missing: passes come every few minutes.
pub(super) fn note_unconfigured(
    pass: &mut Pass,
    kind: EventType,
    finding: &str,
) -> Result<(), Failure> {
    let now = pass.now();
    let event = Event::new(kind, EventSubtype::TrustedMinerNotConfigured, now, finding)
        .with("day", now.date_naive().to_string());
    Ok(pass.store.keep_event_once(&event, "day")?)
}
