//! One pass of `prompts sample`: draws prompts from the series and puts them together to
//! workloads, which the trusted miner answers later.

use futures_util::{StreamExt, stream};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde_json::json;
use tracing::warn;
use uuid::Uuid;

use super::buckets::{self, Buckets};
use super::error::PromptsError;
use super::trusted::{NO_BUCKETS, note_unconfigured};
use super::{decide, fetch};
use crate::http::Client;
use crate::llmjob;
use crate::pass::{self, Failure, Frame, Outcome, Pass};
use crate::store::{NewWorkload, SeriesId, SeriesRow};
use crate::wire::event::EventType;

/// Series that are read at once; each may have some MiB.
const AT_ONCE: usize = 32;
/// So many in a row that cannot be read are no accident: nothing can be.
const MOST_FAILURES: usize = 2 * AT_ONCE;

/// One pass of `prompts sample`.
pub async fn sample(frame: &Frame) -> Result<Outcome, Failure> {
    pass::run("prompts-sample", frame, async |pass| {
        let Some(buckets) = Buckets::from_settings(&pass.environment)? else {
            note_unconfigured(pass, EventType::LlmPromptAnswering, NO_BUCKETS)?;
            return Ok(Outcome::idle(format!("{NO_BUCKETS}: nothing is drawn")));
        };
        let counts = pass.store.prompt_counts()?;
        let target = pass.params.target_prompt_samples_ready();
        let max_series = pass.params.max_prompt_series();
        let missing = match decide::missing_samples(&counts, target, max_series) {
            Ok(missing) => missing as usize,
            Err(reason) => return Ok(Outcome::idle(reason)),
        };
        let mut sampling = Sampling::new(pass, buckets);
        sampling.run(pass, missing).await?;
        sampling.outcome()
    })
    .await
}

#[derive(Default)]
struct Counted {
    workloads: usize,
    samples: usize,
    /// Series that could not be read, and those that are too short.
    unread: usize,
    short: usize,
    not_uploaded: usize,
    first_error: Option<String>,
}

struct Sampling {
    buckets: Buckets,
    client: Client,
    seed: u32,
    prompts_per_sample: usize,
    prompts_per_workload: usize,
    draft: Vec<(SeriesId, Vec<String>)>,
    counted: Counted,
    /// Never the workload's seed: miners are told that one, and must not know from it which of
    /// their answers are compared.
    random: StdRng,
}

impl Sampling {
    fn new(pass: &Pass, buckets: Buckets) -> Self {
        Self {
            buckets,
            client: fetch::client(),
            seed: rand::random(),
            prompts_per_sample: pass.params.prompts_to_sample_from_series() as usize,
            prompts_per_workload: pass.params.prompts_per_workload() as usize,
            draft: Vec::new(),
            counted: Counted::default(),
            random: StdRng::from_rng(&mut rand::rng()),
        }
    }

    /// Until there are as many samples, or no more series.
    async fn run(&mut self, pass: &mut Pass, wanted: usize) -> Result<(), Failure> {
        let series = in_random_order(pass.store.series()?, &mut self.random);
        let bar = pass.progress.bar("samples", wanted as u64);
        let client = self.client.clone();
        let read = async |one: SeriesRow| {
            let text = fetch::series(&client, &one.url).await;
            (one, text)
        };
        let mut texts = std::pin::pin!(stream::iter(series).map(read).buffer_unordered(AT_ONCE));
        let mut failed = 0;
        while self.counted.samples < wanted {
            let next = tokio::select! {
                next = texts.next() => next,
                () = pass.stop.cancelled() => return Err(Failure::Interrupted),
            };
            let Some((series, text)) = next else { break };
            match text {
                Ok(text) => {
                    failed = 0;
                    self.draw(&series, &text);
                }
                Err(error) => {
                    warn!(series = series.uuid, %error, "this series cannot be read");
                    self.counted.unread += 1;
                    failed += 1;
                    if failed >= MOST_FAILURES {
                        let last = error.to_string();
                        return Err(PromptsError::NoSeries { failed, last }.into());
                    }
                }
            }
            let prompts: usize = self.draft.iter().map(|(_, prompts)| prompts.len()).sum();
            if prompts >= self.prompts_per_workload {
                self.put_together(pass).await?;
            }
            bar.set_position(self.counted.samples as u64);
        }
        bar.finish_and_clear();
        Ok(())
    }

    fn draw(&mut self, series: &SeriesRow, text: &str) {
        match llmjob::draw(text, self.prompts_per_sample, &mut self.random) {
            Some(prompts) => self.draft.push((series.id, prompts)),
            None => {
                warn!(series = series.uuid, "this series has too few prompts");
                self.counted.short += 1;
            }
        }
    }

    /// Uploads the draft as a workload, then keeps it. Killed in between, it leaves an object that
    /// nobody knows of, and no samples.
    async fn put_together(&mut self, pass: &mut Pass) -> Result<(), Failure> {
        let samples = std::mem::take(&mut self.draft);
        let uuid = Uuid::new_v4().to_string();
        let place = self.buckets.answers(&uuid);
        let prompts = samples.iter().flat_map(|(_, prompts)| prompts);
        let text = prompts.cloned().collect::<Vec<_>>().join("\n");
        if let Err(error) = buckets::upload(&self.client, &place, text).await {
            warn!(workload = uuid, %error, "this workload cannot be uploaded");
            self.counted.not_uploaded += 1;
            let first = self.counted.first_error.take();
            self.counted.first_error = first.or(Some(error.to_string()));
            // with every workload lost, each costs as many downloads again
            return match self.counted.workloads == 0 && self.counted.not_uploaded >= 3 {
                true => Err(self.not_uploaded().into()),
                false => Ok(()),
            };
        }
        let workload = NewWorkload {
            uuid,
            seed: self.seed,
            url: place.public_url,
            samples,
        };
        pass.store.keep_workload(&workload, pass.now())?;
        self.counted.workloads += 1;
        self.counted.samples += workload.samples.len();
        Ok(())
    }

    fn not_uploaded(&self) -> PromptsError {
        PromptsError::NotUploaded {
            failed: self.counted.not_uploaded,
            begun: self.counted.not_uploaded + self.counted.workloads,
            first: self.counted.first_error.clone().unwrap_or_default(),
        }
    }

    fn outcome(&self) -> Result<Outcome, Failure> {
        let Counted {
            workloads,
            samples,
            unread,
            short,
            not_uploaded,
            ..
        } = &self.counted;
        if *not_uploaded > 0 {
            return Err(self.not_uploaded().into());
        }
        let skipped = match unread + short {
            0 => String::new(),
            skipped => format!(", {skipped} series skipped"),
        };
        let summary = format!("{samples} samples drawn in {workloads} workloads{skipped}");
        Ok(Outcome::done(summary).with_details(json!({
            "workloads": workloads,
            "samples": samples,
            "series_unread": unread,
            "series_too_short": short,
        })))
    }
}

/// So that batches after batches do not begin with the same series.
fn in_random_order(mut series: Vec<SeriesRow>, random: &mut impl Rng) -> Vec<SeriesRow> {
    series.shuffle(random);
    series
}
