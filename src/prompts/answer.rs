//! One pass of `prompts answer`: the trusted miner answers the workloads that wait.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use tracing::warn;
use uuid::Uuid;

use super::error::PromptsError;
use super::trusted::{Done, Task, Workshop, is_passing, note_unconfigured};
use super::{decide, fetch};
use crate::http::Client;
use crate::llmjob::LlmJob;
use crate::organic::Verdict;
use crate::pass::{self, Failure, Frame, Lock, LockName, Outcome, Pass};
use crate::store::WorkloadRow;
use crate::wire::event::{Event, EventSubtype, EventType};

const KIND: EventType = EventType::LlmPromptAnswering;

/// One pass of `prompts answer`.
pub async fn answer(frame: &Frame) -> Result<Outcome, Failure> {
    pass::run("prompts-answer", frame, async |pass| {
        let workshop = match Workshop::of(pass)? {
            Ok(workshop) => workshop,
            Err(finding) => {
                note_unconfigured(pass, KIND, finding)?;
                return Ok(Outcome::idle(format!("{finding}: nothing is answered")));
            }
        };
        let path = pass.store.path();
        let Some(_lock) = Lock::try_take(path, LockName::TrustedMiner)? else {
            return Ok(Outcome::idle("another pass uses the trusted miner"));
        };
        let workloads = pass.store.unfinished_workloads()?;
        if workloads.is_empty() {
            return Ok(Outcome::idle("no workload waits for answers"));
        }
        let mut answering = Answering {
            client: fetch::client(),
            workshop,
            times: Vec::new(),
            answered: 0,
            unanswered_prompts: 0,
            failures: Vec::new(),
        };
        let result = answering.run(pass, &workloads).await;
        if !answering.times.is_empty() {
            pass.store
                .keep_event(&answering.event(pass, workloads.len()))?;
        }
        result?;
        answering.outcome(workloads.len())
    })
    .await
}

struct Answering {
    workshop: Workshop,
    client: Client,
    /// Of every workload that was begun and ended, well or not.
    times: Vec<Duration>,
    answered: usize,
    /// Prompts in answered workloads that got no answer.
    unanswered_prompts: usize,
    failures: Vec<Failed>,
}

/// Why a workload has no answers.
struct Failed {
    finding: String,
    is_passing: bool,
    /// The others would fail in the same way.
    is_hopeless: bool,
}

impl Answering {
    async fn run(&mut self, pass: &mut Pass, workloads: &[WorkloadRow]) -> Result<(), Failure> {
        let bar = pass.progress.bar("workloads", workloads.len() as u64);
        for workload in workloads {
            if !decide::may_begin(&self.times) {
                break;
            }
            let began = Instant::now();
            let stop = pass.stop.clone();
            let answered = tokio::select! {
                answered = self.answer_one(pass, workload) => answered?,
                () = stop.cancelled() => return Err(Failure::Interrupted),
            };
            self.times.push(began.elapsed());
            bar.inc(1);
            match answered {
                Ok(missing) => {
                    self.answered += 1;
                    self.unanswered_prompts += missing;
                }
                Err(failed) => {
                    let finding = &failed.finding;
                    warn!(workload = workload.uuid, finding, "no answers");
                    let is_hopeless = failed.is_hopeless;
                    self.failures.push(failed);
                    if is_hopeless {
                        break;
                    }
                }
            }
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// Has one workload answered; returns how many of its prompts got no answer.
    async fn answer_one(
        &self,
        pass: &mut Pass,
        workload: &WorkloadRow,
    ) -> Result<Result<usize, Failed>, Failure> {
        let file = Uuid::new_v4().to_string();
        let place = self.workshop.buckets.answers(&LlmJob::answers_key(&file));
        let job = LlmJob {
            file,
            seed: workload.seed,
            input_url: workload.url.clone(),
            upload_url: place.upload_url,
        };
        let task = Task {
            class: LlmJob::CLASS,
            image: LlmJob::IMAGE.to_owned(),
            arguments: job.arguments(),
            volume: Some(job.volume()),
            output_upload: job.output_upload(),
            timeout: LlmJob::TIMEOUT,
        };
        let Done { ended, events, .. } = self.workshop.run(task, pass.now()).await;
        if !ended.verdict.is_completed() {
            pass.store.keep_trusted_failure(&ended.receipts, &events)?;
            return Ok(Err(Failed {
                is_passing: is_passing(&ended),
                is_hopeless: ended.verdict == Verdict::NoConnection,
                finding: ended.comment,
            }));
        }
        let prompts = pass.store.workload_prompts(workload.id)?;
        let texts = prompts.iter().map(|(_, text)| text.clone());
        let found = fetch::answers(&self.client, &place.public_url, texts).await;
        let answers = match found {
            Ok(found) if found.is_empty() => Err("it answered none of the prompts".to_owned()),
            Ok(found) => Ok(known(&prompts, &found)),
            Err(error) => Err(format!("its answers cannot be read: {error}")),
        };
        let answers = match answers {
            Ok(answers) => answers,
            Err(finding) => {
                pass.store.keep_trusted_failure(&ended.receipts, &events)?;
                return Ok(Err(Failed {
                    finding,
                    is_passing: false,
                    is_hopeless: false,
                }));
            }
        };
        let missing = prompts.len() - answers.len();
        if missing > 0 {
            let (workload, of) = (&workload.uuid, prompts.len());
            warn!(workload, missing, of, "prompts without an answer");
        }
        let now = pass.now();
        pass.store
            .finish_workload(workload.id, &answers, &ended.receipts, &events, now)?;
        Ok(Ok(missing))
    }

    fn event(&self, pass: &Pass, waiting: usize) -> Event {
        let subtype = match self.answered {
            0 => EventSubtype::Failure,
            _ => EventSubtype::Success,
        };
        let text = match self.failures.first() {
            Some(failed) => failed.finding.as_str(),
            None => "workloads were answered",
        };
        let times: Vec<f64> = self.times.iter().map(Duration::as_secs_f64).collect();
        Event::new(KIND, subtype, pass.now(), text)
            .with("miner_hotkey", self.workshop.address.hotkey.as_str())
            .with("waiting", waiting)
            .with("completed", self.answered)
            .with("failed", self.failures.len())
            .with("unanswered_prompts", self.unanswered_prompts)
            .with("task_duration", times.iter().sum::<f64>())
            .with("times", times)
    }

    fn outcome(&self, waiting: usize) -> Result<Outcome, Failure> {
        if let Some(first) = self.failures.first() {
            return Err(PromptsError::NotAnswered {
                failed: self.failures.len(),
                begun: self.times.len(),
                first: first.finding.clone(),
                is_passing: self.failures.iter().all(|failed| failed.is_passing),
            }
            .into());
        }
        let left = waiting - self.answered;
        let seconds: f64 = self.times.iter().map(Duration::as_secs_f64).sum();
        let mut summary = format!("{} workloads answered in {seconds:.1} s", self.answered);
        if self.unanswered_prompts > 0 {
            summary += &format!(", {} prompts without an answer", self.unanswered_prompts);
        }
        if left > 0 {
            summary += &format!(", {left} left for the next pass");
        }
        Ok(Outcome::done(summary).with_details(json!({
            "workloads_answered": self.answered,
            "workloads_left": left,
            "prompts_unanswered": self.unanswered_prompts,
            "seconds": seconds,
        })))
    }
}

/// The answer to each prompt that has one, by the prompt's id.
fn known(prompts: &[(i64, String)], found: &HashMap<String, String>) -> Vec<(i64, String)> {
    let answer = |(id, prompt): &(i64, String)| Some((*id, found.get(prompt)?.clone()));
    prompts.iter().filter_map(answer).collect()
}
