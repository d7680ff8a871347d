//! The stats collector: takes the events of validators, counts them by their names, and checks
//! who sends them (spec: events, sending them; vectors: stats_event).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::CONNECTION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Behaviour;
use super::server::Shared;
use crate::keys::{Hotkey, Signature, verify};
use crate::wire::event::{EventSubtype, EventType};
use crate::wire::python_json;

pub(super) const PATH: &str = "/stats_collector/v0/validator/{hotkey}/system_events";

/// Of one request.
const MOST_EVENTS: usize = 10_000;
/// For as many events as may come at once, with room for much data.
pub(super) const MOST_BYTES: usize = 64 << 20;

#[derive(Deserialize)]
struct SentEvent {
    #[serde(rename = "type")]
    kind: EventType,
    subtype: EventSubtype,
    /// ISO 8601; the offset is a must.
    #[serde(rename = "timestamp")]
    _timestamp: chrono::DateTime<chrono::FixedOffset>,
    data: Map<String, Value>,
}

pub(super) async fn take(
    State(shared): State<Arc<Shared>>,
    Path(hotkey): Path<String>,
    headers: HeaderMap,
    body: String,
) -> impl IntoResponse {
    let status = match read(&shared, &hotkey, &headers, &body) {
        Ok(events) => {
            shared.note(|ledger| {
                ledger.event_requests += 1;
                for event in events {
                    let name = (event.kind, event.subtype);
                    *ledger.events.entry(name).or_default() += 1;
                }
            });
            StatusCode::CREATED
        }
        Err(status) => {
            shared.note(|ledger| ledger.refused_event_requests += 1);
            status
        }
    };
    // one connection, one request: a pause leaves none open
    (status, [(CONNECTION, "close")])
}

fn read(
    shared: &Shared,
    hotkey: &str,
    headers: &HeaderMap,
    body: &str,
) -> Result<Vec<SentEvent>, StatusCode> {
    if *shared.behaviour.borrow() == Behaviour::ErrorResponses {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let signer = signer(hotkey, headers).ok_or(StatusCode::UNAUTHORIZED)?;
    if !shared.is_allowed(&signer) {
        return Err(StatusCode::FORBIDDEN);
    }
    let events: Vec<SentEvent> =
        serde_json::from_str(body).map_err(|_| StatusCode::UNPROCESSABLE_ENTITY)?;
    let is_described = |event: &SentEvent| event.data.contains_key("description");
    match events.len() <= MOST_EVENTS && events.iter().all(is_described) {
        true => Ok(events),
        false => Err(StatusCode::UNPROCESSABLE_ENTITY),
    }
}

/// The validator of the path, if the headers are signed by it.
fn signer(hotkey: &str, headers: &HeaderMap) -> Option<Hotkey> {
    let text = |name| headers.get(name)?.to_str().ok();
    let signature: Signature = text("Validator-Signature")?.parse().ok()?;
    let signing_timestamp: i64 = text("Validator-Signing-Timestamp")?.parse().ok()?;
    let signed = python_json::sorted(&json!({
        "signing_timestamp": signing_timestamp,
        "validator_ss58_address": hotkey,
    }));
    let hotkey: Hotkey = hotkey.parse().ok()?;
    verify(&hotkey, signed.as_bytes(), &signature).then_some(hotkey)
}
