//! One pass of `prompts generate`: the trusted miner makes some more series of prompts.

use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use super::decide;
use super::error::PromptsError;
use super::trusted::{Done, Task, Workshop, is_passing, note_unconfigured};
use crate::llmjob::Generation;
use crate::pass::{self, Failure, Frame, Lock, LockName, Outcome, Pass};
use crate::wire::event::{Event, EventSubtype, EventType};

const KIND: EventType = EventType::LlmPromptGeneration;

/// One pass of `prompts generate`.
pub async fn generate(frame: &Frame) -> Result<Outcome, Failure> {
    pass::run("prompts-generate", frame, async |pass| {
        let workshop = match Workshop::of(pass)? {
            Ok(workshop) => workshop,
            Err(finding) => {
                note_unconfigured(pass, KIND, finding)?;
                return Ok(Outcome::idle(format!("{finding}: no prompts are made")));
            }
        };
        let path = pass.store.path();
        let Some(_lock) = Lock::try_take(path, LockName::TrustedMiner)? else {
            return Ok(Outcome::idle("another pass uses the trusted miner"));
        };
        let counts = pass.store.prompt_counts()?;
        if let Some(reason) = decide::no_generation(&counts, pass.params.max_prompt_series()) {
            return Ok(Outcome::idle(reason));
        }
        make_series(pass, &workshop).await
    })
    .await
}

async fn make_series(pass: &mut Pass, workshop: &Workshop) -> Result<Outcome, Failure> {
    let count = pass.params.prompt_series_in_a_generation();
    let uuids = (0..count).map(|_| Uuid::new_v4().to_string());
    let places: Vec<_> = uuids
        .map(|uuid| (workshop.buckets.prompts(&uuid), uuid))
        .collect();
    let generation = Generation {
        model: pass.environment.prompt_generation_model().to_owned(),
        prompts_in_series: pass.params.prompts_in_series(),
        series: places
            .iter()
            .map(|(place, uuid)| (uuid.clone(), place.upload_url.clone()))
            .collect(),
    };
    let task = Task {
        class: Generation::CLASS,
        image: generation.image(),
        arguments: generation.arguments(),
        volume: None,
        output_upload: generation.output_upload(),
        timeout: Generation::TIMEOUT,
    };
    let began = Instant::now();
    let waiting = pass.progress.waiting(format!("{count} series are made"));
    let done = tokio::select! {
        done = workshop.run(task, pass.now()) => done,
        () = pass.stop.cancelled() => return Err(Failure::Interrupted),
    };
    waiting.finish_and_clear();
    let Done {
        job_uuid,
        ended,
        events,
    } = done;
    let seconds = began.elapsed().as_secs_f64();
    let event = |subtype, text: &str| {
        Event::new(KIND, subtype, pass.now(), text)
            .with("job_uuid", job_uuid.as_str())
            .with("miner_hotkey", workshop.address.hotkey.as_str())
            .with("series", count)
            .with("task_duration", seconds)
    };
    if !ended.verdict.is_completed() {
        let mut events = events;
        events.push(event(EventSubtype::Failure, &ended.comment));
        pass.store.keep_trusted_failure(&ended.receipts, &events)?;
        return Err(PromptsError::NotGenerated {
            is_passing: is_passing(&ended),
            comment: ended.comment,
        }
        .into());
    }
    let series: Vec<_> = places
        .into_iter()
        .map(|(place, uuid)| (uuid, place.public_url))
        .collect();
    let mut events = events;
    events.push(event(EventSubtype::Success, "series of prompts were made"));
    let version = Generation::VERSION;
    pass.store
        .keep_series(&series, version, &ended.receipts, &events, pass.now())?;
    let all = pass.store.prompt_counts()?.series;
    let summary = format!("{count} series made in {seconds:.1} s, now there are {all}");
    Ok(Outcome::done(summary).with_details(json!({
        "series": count,
        "series_kept": all,
        "seconds": seconds,
    })))
}
