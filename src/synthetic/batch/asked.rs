//! One miner in a batch: what each stage does with it. A task owns it while a stage runs, so
//! nothing here waits for another miner.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use rand::seq::SliceRandom;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::job::Job;
use super::limits::Limits;
use super::patience::Patience;
use crate::http::Client;
use crate::keys::Keypair;
use crate::miner::{
    CloseReason, Closed, Executors, MinerAddress, MinerClient, Moment, SendTimes, capped,
};
use crate::store::ReceiptRow;
use crate::wire::event::{EventSubtype, EventType};
use crate::wire::receipt::{FinishedReceipt, StartedReceipt};
use crate::wire::{ExecutorClass, ToMiner, number, time};

/// What all miners of a batch have in common.
pub(super) struct Common {
    pub(super) keypair: Arc<Keypair>,
    pub(super) hotkey: String,
    pub(super) limits: Limits,
    pub(super) patience: Patience,
    pub(super) caps: BTreeMap<ExecutorClass, u64>,
}

pub(super) struct Asked {
    pub(super) common: Arc<Common>,
    pub(super) address: MinerAddress,
    pub(super) client: Option<MinerClient>,
    /// As capped; `None` without a usable manifest.
    pub(super) executors: Option<Executors>,
    /// Why there is no manifest.
    pub(super) comment: String,
    pub(super) jobs: Vec<Job>,
    pub(super) receipts: Vec<ReceiptRow>,
    /// What went wrong, to become events.
    pub(super) mishaps: Vec<Mishap>,
    pub(super) message_counts: BTreeMap<&'static str, u32>,
}

#[derive(Debug, Clone)]
pub(super) struct Mishap {
    pub(super) kind: EventType,
    pub(super) subtype: EventSubtype,
    pub(super) description: String,
}

impl Asked {
    pub(super) fn new(common: Arc<Common>, client: MinerClient) -> Self {
        Self {
            common,
            address: client.address().clone(),
            client: Some(client),
            executors: None,
            comment: String::new(),
            jobs: Vec::new(),
            receipts: Vec::new(),
            mishaps: Vec::new(),
            message_counts: BTreeMap::new(),
        }
    }

    fn mishap(&mut self, kind: EventType, subtype: EventSubtype, description: impl Into<String>) {
        self.mishaps.push(Mishap {
            kind,
            subtype,
            description: description.into(),
        });
    }

    /// Stage 2: waits for the manifest and caps it.
    pub(super) async fn learn_manifest(mut self) -> Self {
        let Some(client) = &self.client else {
            return self;
        };
        let limit = self.common.limits.manifest;
        let answer = self.common.patience.within(limit, client.manifest()).await;
        let (subtype, comment) = match answer {
            Some(Ok(manifest)) => {
                let most = self.common.limits.executors_per_miner;
                let read = manifest.what.and_then(|manifest| {
                    capped(&manifest, &self.common.caps, most).map_err(|error| error.to_string())
                });
                match read {
                    Ok(executors) => {
                        self.executors = Some(executors);
                        return self;
                    }
                    Err(error) => {
                        tracing::warn!(hotkey = self.address.hotkey, error, "manifest unusable");
                        (EventSubtype::ManifestError, error)
                    }
                }
            }
            Some(Err(Closed(reason))) => {
                let subtype = match reason {
                    CloseReason::Unauthorized { .. } => EventSubtype::Unauthorized,
                    _ => EventSubtype::MinerConnectionError,
                };
                (subtype, reason.to_string())
            }
            None => (
                EventSubtype::ManifestTimeout,
                "no manifest in time".to_owned(),
            ),
        };
        self.mishap(
            EventType::MinerSyntheticJobFailure,
            subtype,
            comment.clone(),
        );
        self.comment = comment;
        self
    }

    /// Before stage 4, so that no answer can come too early to be known.
    pub(super) fn assign(&mut self, mut jobs: Vec<Job>) {
        jobs.shuffle(&mut rand::rng());
        if let Some(client) = &self.client {
            client.expect(jobs.iter().map(|job| job.uuid.clone()));
        }
        self.jobs = jobs;
    }

    /// Stage 4: asks for executors, the slowest classes first, so that all become ready together.
    pub(super) async fn ask_for_executors(
        mut self,
        barrier: Instant,
        max_spin_up: Duration,
    ) -> Self {
        let common = self.common.clone();
        let asked = common.patience.until(barrier + max_spin_up, async {
            self.send_initial_requests(barrier, max_spin_up).await?;
            let uuids: Vec<_> = self.jobs.iter().map(|job| job.uuid.clone()).collect();
            let Some(client) = &self.client else {
                return Ok(());
            };
            let all_settled = client.until(|jobs| {
                uuids
                    .iter()
                    .all(|uuid| Job::is_settled(&jobs[uuid]))
                    .then_some(())
            });
            all_settled.await
        });
        let asked = asked.await;
        self.refresh();
        match asked {
            Some(Err(error)) => {
                let kind = EventType::MinerSyntheticJobFailure;
                self.mishap(kind, EventSubtype::MinerSendError, error.to_string());
            }
            Some(Ok(())) | None => self.send_started_receipts().await,
        }
        self
    }

    async fn send_initial_requests(
        &mut self,
        barrier: Instant,
        max_spin_up: Duration,
    ) -> Result<(), Closed> {
        let limits = self.common.limits;
        let mut by_delay = BTreeMap::<Duration, Vec<usize>>::new();
        for (index, job) in self.jobs.iter().enumerate() {
            by_delay
                .entry(max_spin_up - limits.spin_up(job.class))
                .or_default()
                .push(index);
        }
        for (delay, indices) in by_delay {
            sleep_until(barrier + delay).await;
            let texts: Vec<Utf8Bytes> = indices
                .iter()
                .map(|i| std::mem::take(&mut self.jobs[*i].initial_text))
                .collect();
            let Some(client) = &self.client else {
                return Ok(());
            };
            for (index, sent) in indices.into_iter().zip(client.send(&texts).await?) {
                self.jobs[index].initial_sent = Some(sent);
            }
        }
        Ok(())
    }

    /// Takes over what has come since.
    fn refresh(&mut self) {
        if let Some(client) = &self.client {
            for job in &mut self.jobs {
                job.answers = client.answers(&job.uuid);
            }
        }
    }

    async fn send_started_receipts(&mut self) {
        let mut texts = Vec::new();
        for job in self.jobs.iter().filter(|job| job.is_ready()) {
            let Some(ready) = job.answers.readiness else {
                continue;
            };
            let payload = StartedReceipt {
                job_uuid: job.uuid.clone(),
                miner_hotkey: self.address.hotkey.clone(),
                validator_hotkey: self.common.hotkey.clone(),
                executor_class: job.class,
                time_accepted: ready.at.utc().fixed_offset(),
                max_timeout: i64::try_from(job.timeout.as_secs()).expect("timeouts are minutes"),
            };
            let signed = payload.signed(&self.common.keypair);
            self.receipts.push(ReceiptRow::from(&signed));
            texts.push(ToMiner::StartedReceipt(signed).to_json().into());
        }
        self.send_receipts(&texts).await;
    }

    async fn send_receipts(&mut self, texts: &[Utf8Bytes]) {
        let Some(client) = &self.client else { return };
        if texts.is_empty() {
            return;
        }
        let limit = self.common.limits.receipts;
        let error = match self.common.patience.within(limit, client.send(texts)).await {
            Some(Ok(_)) => return,
            Some(Err(closed)) => closed.to_string(),
            None => "not taken in time".to_owned(),
        };
        let description = format!("{} receipts not sent: {error}", texts.len());
        self.mishap(
            EventType::ReceiptFailure,
            EventSubtype::ReceiptSendError,
            description,
        );
    }

    /// Stage 5: sends the job requests of all ready executors at once, then waits for the ends.
    /// Everything before the send was made before the barrier.
    pub(super) async fn run_jobs(mut self, barrier: Instant) -> Self {
        let Some(client) = &self.client else {
            return self;
        };
        let is_due = |job: &Job| job.is_ready() && client.answers(&job.uuid).end.is_none();
        let due: Vec<usize> = (0..self.jobs.len())
            .filter(|i| is_due(&self.jobs[*i]))
            .collect();
        let Some(timeout) = due.iter().map(|i| self.jobs[*i].timeout).max() else {
            self.refresh();
            return self;
        };
        let texts: Vec<Utf8Bytes> = due
            .iter()
            .map(|i| std::mem::take(&mut self.jobs[*i].request_text))
            .collect();
        let limit = barrier + self.common.limits.answer(timeout);
        let mut sent: Option<Vec<SendTimes>> = None;
        let ran = self.common.patience.until(limit, async {
            sent = Some(client.send(&texts).await?);
            client
                .until(|jobs| {
                    let has_end = |i: &usize| jobs[&self.jobs[*i].uuid].end.is_some();
                    due.iter().all(has_end).then_some(())
                })
                .await
        });
        let ran = ran.await;
        for (index, sent) in due.iter().zip(sent.iter().flatten()) {
            self.jobs[*index].request_sent = Some(*sent);
        }
        self.refresh();
        if let (None, Some(Err(error))) = (sent, ran) {
            let kind = EventType::MinerSyntheticJobFailure;
            self.mishap(kind, EventSubtype::MinerSendError, error.to_string());
        }
        self
    }

    /// Stage 6: downloads and compares the answers of all finished LLM jobs.
    pub(super) async fn download_answers(mut self, client: Client) -> Self {
        let patience = self.common.patience.clone();
        let finished = self.jobs.iter_mut().filter_map(Job::finished_test);
        join_all(finished.map(|test| test.look(&client, &patience))).await;
        self
    }

    /// Stage 8: tells the miner, signed, how each answered job was judged.
    pub(super) async fn send_finished_receipts(mut self) -> Self {
        let mut texts = Vec::new();
        for job in &self.jobs {
            let (Some(end), Some(outcome)) = (&job.answers.end, &job.outcome) else {
                continue;
            };
            // a job that ended before it was asked for has no start but its end
            let started: Moment = job.request_sent.map_or(end.at, |sent| sent.before);
            let score = if outcome.is_success {
                outcome.score
            } else {
                0.0
            };
            let payload = FinishedReceipt {
                job_uuid: job.uuid.clone(),
                miner_hotkey: self.address.hotkey.clone(),
                validator_hotkey: self.common.hotkey.clone(),
                time_started: started.utc().fixed_offset(),
                time_took_us: time::time_took_us(outcome.time_took_us.unwrap_or(0).max(0)),
                score_str: number::general6(score),
            };
            let signed = payload.signed(&self.common.keypair);
            self.receipts.push(ReceiptRow::from(&signed));
            texts.push(ToMiner::FinishedReceipt(signed).to_json().into());
        }
        self.send_receipts(&texts).await;
        self
    }

    /// Stage 10.
    pub(super) async fn close(mut self) -> Self {
        if let Some(client) = self.client.take() {
            self.message_counts = client.message_counts();
            client.close().await;
        }
        self
    }
}
