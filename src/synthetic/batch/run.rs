//! The stages of a batch, one after the other. A stage ends when it has ended for all miners.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::seq::SliceRandom;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};

use super::asked::{Asked, Common};
use super::llm::{LlmTask, PromptSupply};
use super::patience::Patience;
use super::{BatchInput, BatchResult, events, generate, llm, record, score, share, telemetry};
use crate::http::Client;
use crate::miner::{Caller, Clock, LargeMessages, MinerClient, Moment};
use crate::pass::Progress;
use crate::timing::timed;
use crate::wire::ExecutorClass;
use crate::wire::event::{Event, EventSubtype, EventType};

/// Runs a batch. Never fails: what goes wrong with a miner is in the result, as events and
/// comments. When `stop` is cancelled, what is known is kept and missing answers are failures.
pub async fn run_batch(
    input: BatchInput,
    progress: &Progress,
    stop: &CancellationToken,
) -> BatchResult {
    run_batch_with_prompts(input, None, progress, stop).await
}

/// The same with prompt samples for the LLM executors, if there is a supply of them.
pub async fn run_batch_with_prompts(
    input: BatchInput,
    prompts: Option<PromptSupply<'_>>,
    progress: &Progress,
    stop: &CancellationToken,
) -> BatchResult {
    let span = info_span!("batch", uuid = input.uuid);
    let run = Run::new(input, progress, stop);
    run.stages(prompts).instrument(span).await
}

struct Run<'a> {
    input: Arc<BatchInput>,
    progress: &'a Progress,
    clock: Clock,
    common: Arc<Common>,
    miners: Vec<Asked>,
    /// Executors that succeeded, by hotkey.
    online: BTreeMap<String, u32>,
    stages: Vec<(&'static str, Moment)>,
    events: Vec<Event>,
    /// Made before anybody is asked; there if there are LLM jobs.
    answers_client: Option<Client>,
}

impl<'a> Run<'a> {
    fn new(input: BatchInput, progress: &'a Progress, stop: &CancellationToken) -> Self {
        let common = Common {
            keypair: input.keypair.clone(),
            hotkey: input.keypair.hotkey().to_string(),
            limits: input.limits,
            patience: Patience::new(stop.clone(), input.limits.batch),
            caps: input.executor_caps.clone(),
        };
        Self {
            progress,
            clock: Clock::showing(input.now),
            common: Arc::new(common),
            miners: Vec::new(),
            online: BTreeMap::new(),
            stages: Vec::new(),
            events: Vec::new(),
            answers_client: None,
            input: Arc::new(input),
        }
    }

    async fn stages(mut self, prompts: Option<PromptSupply<'_>>) -> BatchResult {
        self.learn_manifests().await;
        self.make_jobs(prompts).await;
        if self.ask_for_executors().await {
            self.run_jobs().await;
            self.download_answers().await;
            self.score();
            self.send_finished_receipts().await;
        } else {
            self.score();
        }
        self.collect_events();
        self.close().await;
        self.into_result()
    }

    /// Notes the start of a stage, as a checkpoint.
    fn begin(&mut self, stage: &'static str) {
        let now = self.clock.now();
        tracing::debug!(stage, "stage begins");
        self.stages.push((stage, now));
        self.record(
            EventType::ValidatorTelemetry,
            EventSubtype::Checkpoint,
            stage,
        );
    }

    fn record(&mut self, kind: EventType, subtype: EventSubtype, description: &str) {
        let event = self.event(kind, subtype, description);
        self.events.push(event);
    }

    fn event(&self, kind: EventType, subtype: EventSubtype, description: &str) -> Event {
        let now = self.clock.now().utc();
        Event::new(kind, subtype, now, description).with("batch_uuid", self.input.uuid.as_str())
    }

    /// Lets every miner do its part at the same time, begun in random order.
    async fn each<F>(&mut self, label: &'static str, part: impl Fn(Asked) -> F)
    where
        F: Future<Output = Asked> + Send + 'static,
    {
        let _timed = timed(label);
        self.miners.shuffle(&mut rand::rng());
        let bar = self.progress.bar(label, self.miners.len() as u64);
        let traced = |asked: Asked| {
            let span = info_span!("miner", hotkey = asked.address.hotkey);
            part(asked).instrument(span)
        };
        let mut parts: JoinSet<Asked> = self.miners.drain(..).map(traced).collect();
        while let Some(done) = parts.join_next().await {
            bar.inc(1);
            match done {
                Ok(asked) => self.miners.push(asked),
                Err(error) => {
                    tracing::error!(%error, stage = label, "a miner's task died");
                    let (kind, subtype) = (EventType::ValidatorFailure, EventSubtype::GenericError);
                    self.record(kind, subtype, &format!("{label}: {error}"));
                }
            }
        }
        bar.finish_and_clear();
    }

    async fn learn_manifests(&mut self) {
        self.begin("manifests");
        let caller = Caller {
            keypair: self.input.keypair.clone(),
            limits: self.input.limits.miner,
            clock: self.clock,
            room: LargeMessages::default(),
            tap: self.input.tap.clone(),
        };
        let client = |miner: &_| MinerClient::connect(Clone::clone(miner), caller.clone());
        self.miners = self
            .input
            .miners
            .iter()
            .map(|miner| Asked::new(self.common.clone(), client(miner)))
            .collect();
        self.each("batch manifests", Asked::learn_manifest).await;
    }

    async fn make_jobs(&mut self, prompts: Option<PromptSupply<'_>>) {
        self.begin("jobs made");
        let mut claims: Vec<_> = self
            .miners
            .iter_mut()
            .filter_map(|asked| asked.executors.as_mut())
            .collect();
        share::share_out(&mut claims, self.input.limits.jobs_per_batch);
        let llm = self.take_samples(prompts);
        let wanted: Vec<_> = self
            .miners
            .iter()
            .map(|asked| {
                (
                    asked.address.hotkey.clone(),
                    asked.executors.clone().unwrap_or_default(),
                )
            })
            .collect();
        let waiting = self.progress.waiting("making jobs");
        let input = self.input.clone();
        let made = tokio::task::spawn_blocking(move || generate::jobs(&input, &wanted, llm)).await;
        waiting.finish_and_clear();
        match made {
            Ok(jobs) => {
                self.miners
                    .iter_mut()
                    .zip(jobs)
                    .for_each(|(asked, jobs)| asked.assign(jobs));
            }
            Err(error) => {
                tracing::error!(%error, "no jobs could be made");
                let (kind, subtype) = (EventType::ValidatorFailure, EventSubtype::GenericError);
                self.record(kind, subtype, &format!("jobs not made: {error}"));
            }
        }
    }

    /// Takes a prompt sample for each LLM executor, and makes a task of each. If there are not
    /// enough, no LLM executor is tested.
    fn take_samples(&mut self, prompts: Option<PromptSupply<'_>>) -> Vec<LlmTask> {
        let wanted = self.llm_executors();
        if wanted == 0 {
            return Vec::new();
        }
        let Some(mut prompts) = prompts else {
            self.note_missing_prompts("there are no buckets for prompts and answers", wanted, 0);
            return Vec::new();
        };
        match (prompts.take)(wanted) {
            Ok(taken) if taken.samples.is_empty() => {
                let text = "not enough prompt samples for the LLM executors";
                self.note_missing_prompts(text, wanted, taken.available);
                Vec::new()
            }
            Ok(taken) => {
                let mut samples = taken.samples;
                samples.shuffle(&mut rand::rng());
                self.answers_client = Some(llm::client(self.input.limits.answers));
                samples
                    .into_iter()
                    .map(|sample| prompts.task(sample))
                    .collect()
            }
            Err(error) => {
                tracing::error!(%error, "no prompt samples can be taken");
                let (kind, subtype) = (EventType::ValidatorFailure, EventSubtype::GenericError);
                self.record(kind, subtype, &format!("prompt samples not taken: {error}"));
                Vec::new()
            }
        }
    }

    fn llm_executors(&self) -> u32 {
        let executors = self
            .miners
            .iter()
            .filter_map(|asked| asked.executors.as_ref());
        let llm = ExecutorClass::ALL
            .into_iter()
            .filter(|class| class.is_llm());
        llm.flat_map(|class| {
            executors
                .clone()
                .filter_map(move |counts| counts.get(&class))
        })
        .sum()
    }

    fn note_missing_prompts(&mut self, text: &str, wanted: u32, available: u32) {
        let (kind, subtype) = (
            EventType::ValidatorTelemetry,
            EventSubtype::InsufficientPrompts,
        );
        let event = self
            .event(kind, subtype, text)
            .with("prompt_samples_required", wanted)
            .with("prompt_samples_available", available);
        self.events.push(event);
    }

    /// Whether any job was accepted.
    async fn ask_for_executors(&mut self) -> bool {
        self.begin("initial requests");
        let limits = self.input.limits;
        let jobs = self.miners.iter().flat_map(|asked| &asked.jobs);
        let Some(max_spin_up) = jobs.map(|job| limits.spin_up(job.class)).max() else {
            return false;
        };
        let barrier = Instant::now();
        self.each("batch executors", |asked| {
            asked.ask_for_executors(barrier, max_spin_up)
        })
        .await;
        self.miners
            .iter()
            .flat_map(|asked| &asked.jobs)
            .any(|job| job.is_accepted())
    }

    async fn run_jobs(&mut self) {
        self.begin("job requests");
        let barrier = Instant::now();
        self.each("batch jobs", |asked| asked.run_jobs(barrier))
            .await;
    }

    /// Answers of LLM jobs lie in a bucket; those of all miners are downloaded at once.
    async fn download_answers(&mut self) {
        let Some(client) = self.answers_client.take() else {
            return;
        };
        self.begin("LLM answers");
        self.each("batch answers", |asked| {
            asked.download_answers(client.clone())
        })
        .await;
    }

    fn score(&mut self) {
        self.begin("scores");
        self.online = score::score(&self.input, &mut self.miners);
    }

    async fn send_finished_receipts(&mut self) {
        self.begin("finished receipts");
        self.each("batch receipts", Asked::send_finished_receipts)
            .await;
    }

    fn collect_events(&mut self) {
        self.begin("events");
        let now = self.clock.now().utc();
        for asked in &self.miners {
            self.events
                .extend(events::of_miner(asked, &self.input.uuid, now));
        }
    }

    async fn close(&mut self) {
        self.begin("close");
        self.each("batch close", Asked::close).await;
    }

    fn into_result(mut self) -> BatchResult {
        let mut job_events = Vec::new();
        for asked in &self.miners {
            for job in &asked.jobs {
                let (kind, subtype) = (EventType::ValidatorTelemetry, EventSubtype::SyntheticJob);
                let mut event = self.event(kind, subtype, "");
                if let Value::Object(data) = &mut event.data {
                    data.extend(telemetry::job(asked, job));
                }
                job_events.push(event);
            }
        }
        let count = self.events.len() + job_events.len() + 1;
        let telemetry = telemetry::batch(&self.common.hotkey, &self.stages, &self.miners, count);
        let (kind, subtype) = (EventType::ValidatorTelemetry, EventSubtype::SyntheticBatch);
        let mut event = self.event(kind, subtype, "");
        if let (Value::Object(data), Value::Object(more)) = (&mut event.data, telemetry.clone()) {
            data.extend(more);
        }
        self.events.push(event);
        self.events.extend(job_events);
        let validator = self.common.hotkey.as_str();
        let specs = self
            .miners
            .iter()
            .flat_map(|asked| record::specs(asked, &self.input.uuid, validator))
            .collect();
        let mut telemetry = telemetry;
        telemetry["note"] = json!(self.common.patience.note());
        // tells which rule gave the jobs their scores
        telemetry["weights_version"] = json!(self.input.dance.weights_version.number());
        BatchResult {
            note: self.common.patience.note().to_owned(),
            ended_at: self.clock.now().utc(),
            miners: self
                .miners
                .iter()
                .map(|m| record::miner_row(m, &self.online))
                .collect(),
            jobs: self.miners.iter().flat_map(record::job_rows).collect(),
            samples: self.miners.iter().flat_map(record::used_samples).collect(),
            receipts: self
                .miners
                .iter_mut()
                .flat_map(|m| std::mem::take(&mut m.receipts))
                .collect(),
            events: self.events,
            telemetry,
            specs,
        }
    }
}
