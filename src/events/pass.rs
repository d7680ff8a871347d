//! One pass of `send-events`: request after request, oldest events first, until all are sent or
//! one request fails.

use std::time::Duration;

use serde_json::json;
use tracing::info;

use super::batch::Batch;
use super::error::SendError;
use super::request::{headers, url};
use crate::http::{Client, HttpError, Limits};
use crate::pass::{self, Failure, Frame, Outcome, Pass};

/// The only answer that means: kept.
const CREATED: u16 = 201;

/// Bounds on one request. The answer's body is not read.
pub const LIMITS: Limits = Limits {
    idle: Duration::from_secs(10),
    total: Duration::from_secs(60),
    bytes: 0,
};

/// One pass of `send-events`.
pub async fn run(frame: &Frame, limits: Limits) -> Result<Outcome, Failure> {
    pass::run("send-events", frame, async |pass| send(pass, limits).await).await
}

async fn send(pass: &mut Pass, limits: Limits) -> Result<Outcome, Failure> {
    let Some(collector) = pass.environment.stats_collector() else {
        return Ok(Outcome::idle("sending events is off").with_details(json!({"sent": 0})));
    };
    let waiting = pass.store.count_unsent_events()?;
    if waiting == 0 {
        return Ok(Outcome::idle("all events are sent").with_details(json!({"sent": 0})));
    }
    let signer = pass.hotkey()?;
    let url = url(collector, &signer.hotkey())
        .expect("the settings take nothing but the address of a server");
    let client = Client::for_services(limits);
    let bar = pass.progress.bar("sending events", waiting);
    let (mut sent, mut requests) = (0, 0);
    while let Some(batch) = Batch::next(&pass.store)? {
        if pass.stop.is_cancelled() {
            return Err(Failure::Interrupted);
        }
        let headers = headers(&signer, pass.now());
        let answer = client.post_json(&url, &headers, batch.json).await;
        if let Err(cause) = created(answer) {
            return Err(SendError {
                collector: pass.environment.shown("STATS_COLLECTOR_URL"),
                left: pass.store.count_unsent_events()?,
                cause,
            }
            .into());
        }
        pass.store.mark_events_sent(&batch.ids, pass.now())?;
        let events = batch.ids.len() as u64;
        info!(events, "the stats collector has taken events");
        bar.inc(events);
        sent += events;
        requests += 1;
    }
    bar.finish_and_clear();
    let events = if sent == 1 { "event" } else { "events" };
    Ok(Outcome::done(format!("{sent} {events} sent"))
        .with_details(json!({"sent": sent, "requests": requests})))
}

fn created(answer: Result<u16, HttpError>) -> Result<(), HttpError> {
    match answer? {
        CREATED => Ok(()),
        status => Err(HttpError::Status(status)),
    }
}
