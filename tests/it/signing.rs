//! The exact texts that are signed, and the signatures over them.

use chrono::{DateTime, FixedOffset};
use horde_validator::keys::{Hotkey, Signature, verify};
use horde_validator::wire::receipt::{FinishedReceipt, StartedReceipt};
use horde_validator::wire::{AuthenticationPayload, ExecutorClass, python_json};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::vectors;

/// The signed bytes as we build them from the logical fields; `None` for a time that we refuse.
fn blob(case: &Value) -> Option<Vec<u8>> {
    let fields = case["fields"].clone();
    let text = match case["kind"].as_str().expect("kind") {
        "authentication" => serde_json::from_value::<AuthenticationPayload>(fields)
            .expect("a payload")
            .blob(),
        "job_started_receipt" => serde_json::from_value::<StartedReceipt>(fields)
            .ok()?
            .blob(),
        "job_finished_receipt" => serde_json::from_value::<FinishedReceipt>(fields)
            .ok()?
            .blob(),
        "system_events_request" => python_json::sorted(&fields),
        "facilitator_authentication" => {
            return Some(hex::decode(fields["public_key"].as_str()?).expect("hexadecimal"));
        }
        kind => panic!("unknown kind {kind}"),
    };
    Some(text.into_bytes())
}

/// The optional cases have times without an offset, or with one in seconds: no validator writes
/// them, and a receipt that has one is refused when it is read.
#[test]
fn what_is_signed_is_built_as_recorded() {
    for case in vectors::cases("signing_blobs") {
        if case["blob_matches_fields"] == false {
            continue;
        }
        let Some(blob) = blob(&case) else {
            assert!(!vectors::is_required(&case), "{case}");
            continue;
        };
        assert_eq!(
            format!("0x{}", hex::encode(blob)),
            case["blob_hex"],
            "{case}"
        );
    }
}

#[test]
fn signatures_hold_or_not_as_recorded() {
    for case in vectors::cases("signing_blobs") {
        let blob = case["blob_hex"]
            .as_str()
            .expect("blob_hex")
            .trim_start_matches("0x");
        let blob = hex::decode(blob).expect("hexadecimal");
        let signer: Hotkey = case["signer_ss58"]
            .as_str()
            .expect("signer_ss58")
            .parse()
            .expect("an address");
        let signature = case["signature"]
            .as_str()
            .expect("signature")
            .parse::<Signature>();
        let valid = signature.is_ok_and(|signature| verify(&signer, &blob, &signature));
        assert_eq!(valid, case["valid"] == true, "{case}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn any_time() -> impl Strategy<Value = DateTime<FixedOffset>> {
    let minutes = -23 * 60 - 59..=23 * 60 + 59;
    (
        -60_000_000_000_i64..250_000_000_000,
        0..1_000_000_u32,
        minutes,
    )
        .prop_map(|(seconds, microseconds, minutes)| {
            let utc = DateTime::from_timestamp(seconds, microseconds * 1_000).expect("a time");
            utc.with_timezone(&FixedOffset::east_opt(minutes * 60).expect("less than a day"))
        })
}

fn any_receipt() -> impl Strategy<Value = (Value, String)> {
    let texts = || (any::<String>(), any::<String>(), any::<String>());
    let started = (texts(), 0..3_usize, any_time(), any::<i64>()).prop_map(
        |((job_uuid, miner_hotkey, validator_hotkey), class, time_accepted, max_timeout)| {
            let receipt = StartedReceipt {
                job_uuid,
                miner_hotkey,
                validator_hotkey,
                executor_class: ExecutorClass::ALL[class],
                time_accepted,
                max_timeout,
            };
            (json!(receipt), receipt.blob())
        },
    );
    let finished = (texts(), any_time(), any::<i64>(), any::<String>()).prop_map(
        |((job_uuid, miner_hotkey, validator_hotkey), time_started, time_took_us, score_str)| {
            let receipt = FinishedReceipt {
                job_uuid,
                miner_hotkey,
                validator_hotkey,
                time_started,
                time_took_us,
                score_str,
            };
            (json!(receipt), receipt.blob())
        },
    );
    prop_oneof![started, finished]
}

proptest! {
    /// Receipts are written by a shorter way than other messages, to the same text.
    #[test]
    fn the_signed_text_of_a_receipt_is_its_sorted_json((value, blob) in any_receipt()) {
        prop_assert_eq!(blob, python_json::sorted(&value));
    }

    #[test]
    fn the_signed_text_is_printable_and_reads_back(value in any_json()) {
        let text = python_json::sorted(&value);
        prop_assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        prop_assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), value);
    }

    #[test]
    fn no_text_makes_the_key_parsers_panic(text in ".{0,140}") {
        let _ = text.parse::<Hotkey>();
        let _ = text.parse::<Signature>();
    }
}
