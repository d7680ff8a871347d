//! From scores to the numbers of a chain call, and the hash of a commit, against their vectors.

use horde_validator::scoring::{
    Commitment, Processing, ScoringError, normalise_for_committing, normalize_max_weight, to_u16,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::vectors;

fn doubles(value: &Value) -> Vec<f64> {
    let numbers = value.as_array().expect("list").iter();
    numbers
        .map(|number| number.as_f64().expect("number"))
        .collect()
}

fn u16s(value: &Value) -> Vec<u16> {
    let numbers = value.as_array().expect("list").iter();
    numbers.map(u16_of).collect()
}

fn u16_of(value: &Value) -> u16 {
    value
        .as_u64()
        .and_then(|number| number.try_into().ok())
        .expect("16 bits")
}

/// Pairs of uid and single-precision weight; a uid below 0 cannot even be named.
fn pairs(case: &Value) -> Option<Vec<(u16, f32)>> {
    let uids = case["uids"].as_array().expect("list").iter();
    let uids = uids.map(|uid| uid.as_u64().map(|uid| uid as u16));
    let uids: Vec<u16> = uids.collect::<Option<_>>()?;
    Some(
        uids.into_iter()
            .zip(doubles(&case["weights"]).into_iter().map(|w| w as f32))
            .collect(),
    )
}

fn processing(case: &Value) -> Processing {
    Processing {
        min_allowed_weights: u16_of(&case["min_allowed_weights"]),
        max_weight_limit: u16_of(&case["max_weight_limit_u16"]),
        exclude_quantile: case["exclude_quantile_u16"].as_u64().unwrap_or(0) as u16,
    }
}

fn assert_close(found: &[f64], expected: &[f64], case: &Value) {
    assert_eq!(found.len(), expected.len(), "{case}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= 1e-5 * expected.abs(),
            "{found} in {case}"
        );
    }
}

#[test]
fn every_recorded_case_agrees() {
    for case in vectors::cases("process_weights") {
        match case["op"].as_str().expect("text") {
            "process" => {
                let found = processing(&case)
                    .weights(&pairs(&case).expect("uids"))
                    .expect("finite");
                let (uids, weights): (Vec<u16>, Vec<f64>) = found.into_iter().unzip();
                assert_eq!(uids, u16s(&case["out_uids"]), "{case}");
                assert_close(&weights, &doubles(&case["out_weights"]), &case);
            }
            "normalize_max_weight" => {
                let limit = case["limit"].as_f64().expect("limit");
                let found = normalize_max_weight(&doubles(&case["weights"]), limit);
                assert_close(&found, &doubles(&case["out_weights"]), &case);
            }
            "to_u16" => {
                let found = pairs(&case).and_then(|pairs| to_u16(&pairs).ok());
                assert_eq!(found.is_none(), case["error"] == true, "{case}");
                if let Some(found) = found {
                    let (uids, values): (Vec<u16>, Vec<u16>) = found.into_iter().unzip();
                    assert_eq!(uids, u16s(&case["out_uids"]), "{case}");
                    assert_eq!(values, u16s(&case["out_values"]), "{case}");
                }
            }
            "normalize_for_committing" => {
                let max = u16_of(&case["max"]);
                let found = normalise_for_committing(&doubles(&case["weights"]), max);
                assert_eq!(found, Ok(u16s(&case["out_values"])), "{case}");
            }
            "scores_to_chain" => scores_to_chain(&case),
            other => panic!("unknown op {other}"),
        }
    }
}

fn scores_to_chain(case: &Value) {
    let score_of = |uid: u16| {
        case["score_per_uid"][uid.to_string()]
            .as_f64()
            .unwrap_or(0.0) as f32
    };
    let scores: Vec<(u16, f32)> = (0..u16_of(&case["n"]))
        .map(|uid| (uid, score_of(uid)))
        .collect();
    let processed = processing(case).weights(&scores).expect("finite");

    let single: Vec<(u16, f32)> = processed.iter().map(|(uid, w)| (*uid, *w as f32)).collect();
    let set = to_u16(&single).expect("weights");
    let (uids, weights): (Vec<u16>, Vec<f64>) = processed.into_iter().unzip();
    let committed = normalise_for_committing(&weights, 65_535).expect("weights");

    let near = |found: &[u16], expected: Vec<u16>| {
        assert_eq!(found.len(), expected.len(), "{case}");
        assert!(
            found
                .iter()
                .zip(&expected)
                .all(|(a, b)| a.abs_diff(*b) <= 1),
            "{case}"
        );
    };
    assert_eq!(uids, u16s(&case["commit_uids"]), "{case}");
    near(&committed, u16s(&case["commit_values"]));
    let (uids, values): (Vec<u16>, Vec<u16>) = set.into_iter().unzip();
    assert_eq!(uids, u16s(&case["set_uids"]), "{case}");
    near(&values, u16s(&case["set_values"]));
}

#[test]
fn commit_hashes_agree() {
    for case in vectors::cases("weights_commit_hash") {
        let bytes = |value: &Value| {
            hex::decode(value.as_str().expect("text").trim_start_matches("0x")).expect("hex")
        };
        let commitment = Commitment {
            account: &bytes(&case["public_key"]).try_into().expect("32 bytes"),
            netuid: u16_of(&case["netuid"]),
            uids: &u16s(&case["uids"]),
            values: &u16s(&case["values"]),
            salt: Some(&u16s(&case["salt"])),
            version_key: case["version_key"].as_u64().expect("64 bits"),
        };
        if case["preimage"].is_string() {
            assert_eq!(commitment.preimage(), bytes(&case["preimage"]), "{case}");
        }
        assert_eq!(commitment.hash(), *bytes(&case["hash"]), "{case}");
    }
}

#[test]
fn a_hash_without_salt_leaves_it_out_altogether() {
    let salted = Commitment {
        account: &[1; 32],
        netuid: 12,
        uids: &[3],
        values: &[65_535],
        salt: Some(&[]),
        version_key: 2,
    };
    let bare = Commitment {
        salt: None,
        ..salted
    };
    assert_eq!(bare.preimage().len() + 1, salted.preimage().len());
    assert_ne!(bare.hash(), salted.hash());
}

#[test]
fn what_is_not_a_number_becomes_no_weight() {
    let processing = Processing {
        min_allowed_weights: 1,
        max_weight_limit: 65_535,
        exclude_quantile: 0,
    };
    assert!(processing.weights(&[(0, f32::NAN), (1, 1.0)]).is_err());
    assert!(processing.weights(&[(0, f32::INFINITY), (1, 1.0)]).is_err());
    assert!(to_u16(&[(0, f32::NAN)]).is_err());
    assert!(normalise_for_committing(&[1.0, f64::INFINITY], 65_535).is_err());
    assert_eq!(
        normalise_for_committing(&[0.0], 65_535),
        Err(ScoringError::AllZero)
    );
    assert_eq!(processing.weights(&[]), Ok(Vec::new()));
}

proptest! {
    #[test]
    fn weights_sum_to_one_and_keep_below_a_limit_that_can_be_met(
        scores in proptest::collection::vec(prop_oneof![Just(0.0_f32), 1e-6_f32..1e6], 1..256),
        min_allowed_weights in 0_u16..300,
        max_weight_limit: u16,
        exclude_quantile: u16,
    ) {
        let processing = Processing { min_allowed_weights, max_weight_limit, exclude_quantile };
        let scores: Vec<(u16, f32)> = (0..).zip(scores).collect();
        let found = processing.weights(&scores).unwrap();
        let sum: f64 = found.iter().map(|(_, weight)| weight).sum();
        prop_assert!((sum - 1.0).abs() < 1e-9, "{}", sum);
        let limit = f64::from(max_weight_limit) / 65_535.0;
        if limit * found.len() as f64 > 1.0 {
            prop_assert!(found.iter().all(|(_, weight)| *weight >= 0.0));
            prop_assert!(found.iter().all(|(_, weight)| *weight <= limit + 1e-4));
        }
    }

    #[test]
    fn no_weights_panic(scores: Vec<(u16, f32)>, min: u16, limit: u16, quantile: u16, max: u16) {
        let processing = Processing {
            min_allowed_weights: min,
            max_weight_limit: limit,
            exclude_quantile: quantile,
        };
        if let Ok(weights) = processing.weights(&scores) {
            prop_assert!(weights.iter().all(|(_, weight)| weight.is_finite()));
            let weights: Vec<f64> = weights.into_iter().map(|(_, weight)| weight).collect();
            let _ = normalise_for_committing(&weights, max);
        }
        let _ = to_u16(&scores);
    }
}
