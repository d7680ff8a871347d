//! Killing the passes that speak to the services of the subnet owner.

use std::collections::BTreeMap;

use chrono::Utc;
use horde_validator::devnet::node::{Config, Production};
use horde_validator::params::Source;
use horde_validator::wire::event::{Event, EventSubtype, EventType};
use serde_json::{Value, json};

use super::host::{Host, at_every_point, neurons};
use crate::http_server::{Answer, HttpServer};

const EVENTS: u64 = 3;

/// A host whose passes ask this server and no chain.
fn start(setting: &'static str, server: &HttpServer) -> Host {
    let config = Config {
        production: Production::Manual,
        neurons: neurons([None, None]),
        ..Config::default()
    };
    let mut host = Host::start(config, &[]);
    host.set(setting, server.url("/"));
    host
}

/// How often each event has arrived, by the number in its data.
fn arrived(server: &HttpServer) -> BTreeMap<u64, usize> {
    let mut arrived = BTreeMap::new();
    for asked in server.asked() {
        let events: Vec<Value> = serde_json::from_str(&asked.body).expect("a list");
        for event in events {
            let number = event["data"]["n"].as_u64().expect("its number");
            *arrived.entry(number).or_default() += 1;
        }
    }
    arrived
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_arrives_wherever_sending_is_killed() {
    let points = at_every_point(async |point| {
        let server = HttpServer::start([Answer::Status(201)]);
        let host = start("STATS_COLLECTOR_URL", &server);
        host.prepare(|store| {
            for number in 0..EVENTS {
                let (kind, subtype) = (EventType::ValidatorFailure, EventSubtype::Failure);
                let event = Event::new(kind, subtype, Utc::now(), "").with("n", number);
                store.keep_event(&event).expect("kept");
            }
        });
        let is_killed = host.is_killed("send-events", point).await;
        let unsent = host.left().store.count_unsent_events().expect("read");
        assert!(
            unsent == EVENTS || (unsent == 0 && arrived(&server).len() == 3),
            "killed at point {point}: {unsent} unsent"
        );
        host.pass("send-events").await;
        let unsent = host.left().store.count_unsent_events().expect("read");
        assert_eq!(unsent, 0, "killed at point {point}");
        let arrived = arrived(&server);
        assert_eq!(
            arrived.keys().copied().collect::<Vec<_>>(),
            [0, 1, 2],
            "killed at point {point}"
        );
        // what a killed pass had sent and not noted comes twice, and never more often
        assert!(
            arrived.values().all(|times| *times <= 2),
            "killed at point {point}: {arrived:?}"
        );
        is_killed
    })
    .await;
    assert!(points >= 8, "{points} points");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_kept_whole_wherever_fetching_it_is_killed() {
    let values = [
        ("DYNAMIC_MAX_WEIGHT", json!(9)),
        ("DYNAMIC_WEIGHTS_VERSION", json!(4)),
        ("DYNAMIC_WEIGHT_REVEALING_TTL", json!(7)),
    ];
    let document: serde_json::Map<String, Value> = values
        .iter()
        .map(|(name, value)| {
            let entry = json!({"description": "", "items": [{"value": value}]});
            ((*name).to_owned(), entry)
        })
        .collect();
    let document = Value::from(document).to_string();
    let points = at_every_point(async |point| {
        let server = HttpServer::start([Answer::Body(document.clone())]);
        let host = start("DYNAMIC_CONFIG_URL", &server);
        let kept = || {
            let mut kept = host.left().store.params().expect("read");
            kept.retain(|one| one.source == Source::Published);
            let kept = kept.into_iter();
            kept.map(|one| (one.name, one.value)).collect::<Vec<_>>()
        };
        let all = values.clone().map(|(name, value)| (name.to_owned(), value));
        let is_killed = host.is_killed("sync-params", point).await;
        let left = kept();
        assert!(
            left.is_empty() || left == all,
            "killed at point {point}: {left:?}"
        );
        host.pass("sync-params").await;
        assert_eq!(kept(), all, "killed at point {point}");
        is_killed
    })
    .await;
    assert!(points >= 8, "{points} points");
}
