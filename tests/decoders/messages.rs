//! What services say: the facilitator, the subnet owner's document of parameters, events as they
//! stand in the database; and messages of anybody as an operator sees them.

use std::collections::BTreeMap;

use chrono::DateTime;
use horde_validator::organic::Order;
use horde_validator::params::{Params, published};
use horde_validator::scoring::{class_weights, executor_caps};
use horde_validator::wire::event::Event;
use horde_validator::wire::facilitator::ToFacilitator;
use horde_validator::wire::{
    FromFacilitator, OutputUpload, ToMiner, Volume, python_json, redacted,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{assert_line, vectors};

pub(super) fn facilitator(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    match FromFacilitator::parse(text) {
        Ok(message) => {
            let again = FromFacilitator::parse(&message.to_json());
            assert_eq!(again.expect("what we write can be read"), message);
            let order = match message {
                FromFacilitator::Response(_) => None,
                FromFacilitator::JobV0(job) => Some(Order::from(job)),
                FromFacilitator::JobV1(job) => Some(Order::from(job)),
            };
            if let Some(order) = order {
                assert!(order.docker_image.is_some() || order.raw_script.is_some());
                assert!(order.description().chars().count() <= 220);
            }
        }
        Err(malformed) => assert!(malformed.to_string().len() <= 1000),
    }
    reads_again::<Volume>(text);
    reads_again::<OutputUpload>(text);
    if let Ok(message) = ToFacilitator::parse(text) {
        let written = message.to_json();
        let again = ToFacilitator::parse(&written).expect("what we write can be read");
        assert_eq!(again.to_json(), written);
    }
    if let Ok(message) = ToMiner::parse(text) {
        let written = message.to_json();
        let again = ToMiner::parse(&written).expect("what we write can be read");
        assert_eq!(again.to_json(), written);
    }
}

fn reads_again<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(text: &str) {
    if let Ok(value) = serde_json::from_str::<T>(text) {
        let written = serde_json::to_string(&value).expect("it is JSON");
        let again: T = serde_json::from_str(&written).expect("what we write can be read");
        assert_eq!(again, value);
    }
}

pub(super) fn facilitator_seeds() -> Vec<Vec<u8>> {
    let channels = [
        "facilitator_to_validator",
        "validator_to_facilitator",
        "validator_to_miner",
        "volume",
        "output_upload",
    ];
    channels.into_iter().flat_map(vectors::messages).collect()
}

pub(super) fn params(input: &[u8]) {
    let now = DateTime::from_timestamp(1_726_491_171, 0).expect("a time");
    let reading = published::read(input, now);
    if let Some(malformed) = &reading.malformed {
        assert_line(&malformed.to_string());
    }
    let (params, warnings) = Params::from_overrides(reading.assigned);
    for warning in warnings {
        assert!(warning.to_string().len() <= 4096);
    }
    for (parameter, setting, _) in params.all() {
        let again = parameter.read(&Value::from(&setting));
        assert_eq!(again.as_ref(), Ok(&setting), "{}", parameter.name);
    }
    if let Ok(text) = std::str::from_utf8(input) {
        assert!(
            class_weights(text)
                .values()
                .all(|weight| weight.is_finite())
        );
        assert!(executor_caps(text).len() <= 3);
    }
}

pub(super) fn params_seeds() -> Vec<Vec<u8>> {
    let mut seeds = vectors::seeds(vectors::DYNAMIC_CONFIG, |case| {
        vectors::text(case, "document")
    });
    seeds.push(b"spin_up-4min.gpu-24gb=99,always_on.llm.a6000=1".to_vec());
    seeds
}

/// Python's JSON of any value, and an event.
pub(super) fn event(input: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<Value>(input) {
        let text = python_json::sorted(&value);
        assert!(text.is_ascii());
        let again: Value = serde_json::from_str(&text).expect("Python writes JSON");
        assert_eq!(python_json::sorted(&again), text);
    }
    if let Ok(event) = serde_json::from_slice::<Event>(input) {
        let told = event.for_collector();
        let entries = told
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str);
        assert_eq!(
            entries.collect::<Vec<_>>(),
            ["data", "subtype", "timestamp", "type"]
        );
        assert!(told["data"]["description"].is_string() || event.data.get("description").is_some());
    }
}

pub(super) fn event_seeds() -> Vec<Vec<u8>> {
    let seeds = vectors::seeds(vectors::STATS_EVENT, |case| {
        let told = &case["json"];
        let entries = BTreeMap::from([
            ("kind", told["type"].clone()),
            ("subtype", told["subtype"].clone()),
            ("timestamp", told["timestamp"].clone()),
            ("description", case["long_description"].clone()),
            ("data", case["data"].clone()),
        ]);
        (case["op"] == "event").then(|| serde_json::to_vec(&entries).ok())?
    });
    let numbers =
        br#"{"a": [1e400, -0.0, 1e16, 1.5e-7, 18446744073709551615, "\u00e9\ud83d\ude00"]}"#;
    [seeds, vec![numbers.to_vec()]].concat()
}

/// A message as an operator sees it.
pub(super) fn shown(input: &[u8]) {
    assert_line(&redacted(&String::from_utf8_lossy(input)));
}

pub(super) fn shown_seeds() -> Vec<Vec<u8>> {
    let messages = facilitator_seeds().into_iter().step_by(7);
    let garbage = ["\u{1b}[31m", "{\"\u{1b}\u{9b}\u{202e}\": \"\u{85}\"}"];
    let garbage = garbage.map(|text| text.as_bytes().to_vec());
    messages.chain(garbage).collect()
}
