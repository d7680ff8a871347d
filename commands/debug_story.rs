//! What `debug-run` shows: each step with its time as it is reached, messages on request, the end.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::poll_fn;
use std::task::{Context, Poll};

use horde_validator::debug::PromptsEnd;
use horde_validator::miner::{Heard, Moment, Speaker};
use horde_validator::organic::{Ended, Order, Step};
use horde_validator::synthetic::batch::BatchResult;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::output;

/// Told as it happens; with `--json`, kept for the one document at the end.
pub(crate) struct Story {
    heard: RefCell<Option<UnboundedReceiver<Heard>>>,
    is_json: bool,
    start: Cell<Option<Moment>>,
    steps: RefCell<Vec<Value>>,
    messages: RefCell<Vec<Value>>,
}

impl Story {
    pub(crate) fn new(heard: Option<UnboundedReceiver<Heard>>, is_json: bool) -> Self {
        Self {
            heard: RefCell::new(heard),
            is_json,
            start: Cell::new(None),
            steps: RefCell::default(),
            messages: RefCell::default(),
        }
    }

    /// `None` is the start.
    pub(crate) fn step(&self, step: Option<Step>, at: Moment) {
        let Some(step) = step else {
            return self.start.set(Some(at));
        };
        self.tell_heard();
        let seconds = self.seconds(at);
        match self.is_json {
            true => self
                .steps
                .borrow_mut()
                .push(json!({"step": step.name(), "seconds": seconds})),
            false => output::line(format_args!("{seconds:>8.3} s  {}", step.name())),
        }
    }

    /// Tells what is heard until `work` is done, and its result.
    pub(crate) async fn while_listening<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        // borrowed for a moment only: steps are told while the work is polled
        let next = || poll_fn(|context| self.poll_heard(context));
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                message = next() => self.tell(&message),
            }
        };
        self.tell_heard();
        done
    }

    fn poll_heard(&self, context: &mut Context<'_>) -> Poll<Heard> {
        let mut heard = self.heard.borrow_mut();
        match heard.as_mut().map(|messages| messages.poll_recv(context)) {
            Some(Poll::Ready(Some(message))) => Poll::Ready(message),
            _ => Poll::Pending,
        }
    }

    fn tell_heard(&self) {
        while let Some(message) = self
            .heard
            .borrow_mut()
            .as_mut()
            .and_then(|messages| messages.try_recv().ok())
        {
            self.tell(&message);
        }
    }

    fn tell(&self, heard: &Heard) {
        let (name, arrow) = match heard.speaker {
            Speaker::Validator => ("validator", "->"),
            Speaker::Miner => ("miner", "<-"),
        };
        let seconds = self.seconds(heard.at);
        match self.is_json {
            true => self
                .messages
                .borrow_mut()
                .push(json!({"seconds": seconds, "from": name, "message": heard.text})),
            false => output::line(format_args!("{seconds:>8.3} s  {arrow} {}", heard.text)),
        }
    }

    /// Since the start, which is the first moment that is asked about.
    fn seconds(&self, at: Moment) -> f64 {
        let start = self.start.get().unwrap_or(at);
        self.start.set(Some(start));
        at.us_since(start) as f64 / 1e6
    }

    fn document(&self, mut document: Value) {
        document["messages"] = self.messages.take().into();
        output::document(&document);
    }
}

/// How the job ended, and what it printed.
pub(crate) fn show_end(order: &Order, ended: &Ended, story: &Story) {
    let (stdout, stderr) = ended.outputs();
    let status = ended.verdict.status().name();
    if story.is_json {
        let steps = story.steps.take();
        return story.document(json!({
            "job_uuid": order.uuid,
            "status": status,
            "comment": ended.comment,
            "exit_status": ended.exit_status(),
            "stdout": stdout,
            "stderr": stderr,
            "steps": steps,
            "mishaps": ended.mishaps.iter().map(|m| &m.description).collect::<Vec<_>>(),
        }));
    }
    for mishap in &ended.mishaps {
        output::line(format_args!("beside it: {}", mishap.description));
    }
    output::line(format_args!("{status}: {}", ended.comment));
    for (name, text) in [("stdout", stdout), ("stderr", stderr)] {
        if !text.is_empty() {
            output::line(format_args!("--- {name}"));
            output::line(output::printable(text));
        }
    }
}

/// One prompt, what the miner answered, and what it should have.
pub(crate) struct Answered<'a> {
    prompt: &'a str,
    answer: Option<&'a str>,
    expected: Option<&'a str>,
}

impl Answered<'_> {
    /// There is an answer, and it is the expected one if any is.
    pub(crate) fn is_good(&self) -> bool {
        self.answer.is_some() && (self.expected.is_none() || self.answer == self.expected)
    }

    fn verdict(&self) -> &'static str {
        match (self.answer, self.expected) {
            (None, _) => "missing",
            (Some(_), None) => "answered",
            (Some(answer), Some(expected)) if answer == expected => "same",
            (Some(_), Some(_)) => "different",
        }
    }
}

pub(crate) fn matched<'a>(
    prompts: &'a [String],
    end: &'a PromptsEnd,
    expected: Option<&'a HashMap<String, String>>,
) -> Vec<Answered<'a>> {
    let found = end.answers.as_ref().ok();
    let of = |answers: Option<&'a HashMap<String, String>>, prompt: &String| {
        answers?.get(prompt).map(String::as_str)
    };
    let one = |prompt: &'a String| Answered {
        prompt,
        answer: of(found, prompt),
        expected: of(expected, prompt),
    };
    prompts.iter().map(one).collect()
}

/// Each prompt with its answer.
pub(crate) fn show_prompts(end: &PromptsEnd, answers: &[Answered], story: &Story) {
    let status = end.ended.verdict.status().name();
    let comment = match &end.answers {
        Ok(_) => end.ended.comment.as_str(),
        Err(finding) => finding.as_str(),
    };
    if story.is_json {
        let one = |one: &Answered| {
            json!({
                "prompt": one.prompt,
                "answer": one.answer,
                "expected": one.expected,
                "result": one.verdict(),
            })
        };
        let steps = story.steps.take();
        return story.document(json!({
            "job_uuid": end.order.uuid,
            "status": status,
            "comment": comment,
            "answers": answers.iter().map(one).collect::<Vec<_>>(),
            "steps": steps,
        }));
    }
    output::line(format_args!("{status}: {comment}"));
    for one in answers {
        let prompt = output::printable(one.prompt);
        output::line(format_args!("--- {}: {prompt}", one.verdict()));
        output::line(output::printable(one.answer.unwrap_or_default()));
        if let (Some(expected), false) = (one.expected, one.is_good()) {
            output::line(format_args!("expected: {}", output::printable(expected)));
        }
    }
}

/// What became of each job of the batch.
pub(crate) fn show_batch(result: &BatchResult, story: &Story) {
    if story.is_json {
        let job = |job: &horde_validator::store::JobRow| {
            json!({
                "job_uuid": job.uuid,
                "executor_class": job.executor_class,
                "completed": job.completed,
                "correct": job.correct,
                "score": job.score,
                "time_took_us": job.time_took_us,
                "times": job.times,
                "comment": job.comment,
            })
        };
        let jobs: Vec<Value> = result.jobs.iter().map(job).collect();
        return story.document(json!({
            "jobs": jobs,
            "comment": result.miners.first().map_or("", |miner| miner.comment.as_str()),
            "stages": result.telemetry["stage_start_time"],
        }));
    }
    for miner in &result.miners {
        match &miner.manifest {
            Some(manifest) => {
                for (class, count) in &manifest.classes {
                    output::line(format_args!("{count} executors of {class}"));
                }
            }
            None => output::line(format_args!("no manifest: {}", miner.comment)),
        }
    }
    for job in &result.jobs {
        let outcome = if job.completed { "right" } else { "failed" };
        let seconds = match job.time_took_us {
            Some(time) => format!("{:.3} s", time as f64 / 1e6),
            None => "-".to_owned(),
        };
        let line = format!(
            "{}  {outcome:<6} {seconds:>10}  score {:.6}  {}",
            job.uuid, job.score, job.comment
        );
        output::line(output::printable(&line));
    }
}
