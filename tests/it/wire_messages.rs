//! Messages between validator, miner and facilitator, and the volumes and uploads inside of them.

use horde_validator::wire::{
    FromFacilitator, FromMiner, OutputUpload, ToFacilitator, ToMiner, Volume,
};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::Value;

use crate::vectors;

fn read(channel: &str, text: &str) -> Result<Value, String> {
    fn kept<T: Serialize>(message: T) -> Value {
        serde_json::to_value(message).expect("a message is JSON")
    }
    match channel {
        "miner_to_validator" => FromMiner::parse(text).map(kept).map_err(|e| e.to_string()),
        "validator_to_miner" => ToMiner::parse(text).map(kept).map_err(|e| e.to_string()),
        "volume" => serde_json::from_str::<Volume>(text)
            .map(kept)
            .map_err(|e| e.to_string()),
        "output_upload" => serde_json::from_str::<OutputUpload>(text)
            .map(kept)
            .map_err(|e| e.to_string()),
        "facilitator_to_validator" => FromFacilitator::parse(text)
            .map(|message| match message {
                FromFacilitator::Response(response) => kept(response),
                FromFacilitator::JobV0(job) => kept(job),
                FromFacilitator::JobV1(job) => kept(job),
            })
            .map_err(|e| e.to_string()),
        "validator_to_facilitator" => ToFacilitator::parse(text)
            .map(kept)
            .map_err(|e| e.to_string()),
        _ => panic!("unknown channel {channel}"),
    }
}

/// The optional cases are leniencies of the reference: numbers in quotes, whole numbers with a
/// point, times as numbers. Software that writes these is not known, so they are refused.
#[test]
fn every_message_is_read_or_refused_as_recorded() {
    for case in vectors::cases("wire_messages") {
        let text = case["json"].as_str().expect("json");
        let parsed = read(case["channel"].as_str().expect("channel"), text);
        match case["kind"].as_str().expect("kind") {
            _ if !vectors::is_required(&case) => assert!(parsed.is_err(), "{text}"),
            "reject" => assert!(parsed.is_err(), "{}: {text}", case["reason"]),
            "accept" => assert_eq!(parsed.expect(text), case["parsed"], "{text}"),
            "example" => {
                let value: Value = serde_json::from_str(text).expect("an example is JSON");
                assert_eq!(parsed.expect(text), value);
            }
            kind => panic!("unknown kind {kind}"),
        }
    }
}

#[test]
fn unauthorized_is_told_from_other_errors() {
    let error = |details: &str| {
        let text = serde_json::json!({"message_type": "GenericError", "details": details});
        FromMiner::parse(&text.to_string())
            .expect("a generic error")
            .is_unauthorized()
    };
    assert!(error("Unknown validator: 5Grw"));
    assert!(error("INACTIVE VALIDATOR"));
    assert!(!error("the validator is unknown"));
    assert!(!error("unknown validatör"));
    let text = r#"{"message_type": "UnauthorizedError", "code": "TOKEN_TOO_OLD"}"#;
    assert!(
        FromMiner::parse(text)
            .expect("an unauthorized error")
            .is_unauthorized()
    );
}

#[test]
fn a_deeply_nested_message_is_refused() {
    let nested = "[".repeat(100_000);
    assert!(FromMiner::parse(&nested).is_err());
    let hidden = format!(r#"{{"message_type": "GenericError", "x": {nested}"#);
    assert!(FromMiner::parse(&hidden).is_err());
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        let _ = FromMiner::parse(&text);
        let _ = ToMiner::parse(&text);
        let _ = FromFacilitator::parse(&text);
    }

    #[test]
    fn no_damage_to_a_message_makes_the_reader_panic(
        case in 0_usize..1000, cut in any::<prop::sample::Index>(), with in ".{0,3}"
    ) {
        let cases = vectors::cases("wire_messages");
        let text = cases[case % cases.len()]["json"].as_str().expect("json");
        let mut damaged: Vec<char> = text.chars().collect();
        if !damaged.is_empty() {
            let at = cut.index(damaged.len());
            damaged.splice(at..=at, with.chars());
        }
        let damaged: String = damaged.into_iter().collect();
        let _ = FromMiner::parse(&damaged);
        let _ = ToMiner::parse(&damaged);
        let _ = FromFacilitator::parse(&damaged);
    }
}
