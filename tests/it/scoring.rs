//! Scores of miners, class maps and the bonus for dancing against their vectors.

use std::collections::BTreeMap;

use horde_validator::params::WeightsVersion;
use horde_validator::scoring::{
    DanceBonus, HordeScore, JobScore, ScoringError, batch_scores, class_weights, executor_caps,
    parse_map,
};
use horde_validator::wire::ExecutorClass;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::vectors;

fn double(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn agree(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-12 * expected.abs()
}

#[test]
fn every_recorded_case_agrees() {
    for case in vectors::cases("scoring") {
        match case["op"].as_str().expect("text") {
            "score_batches" => score_batches(&case),
            "horde_score" => {
                let horde = HordeScore {
                    alpha: double(&case["alpha"]),
                    beta: double(&case["beta"]),
                    delta: double(&case["delta"]),
                };
                let benchmarks = case["benchmarks"].as_array().expect("list");
                let benchmarks: Vec<f64> = benchmarks.iter().map(double).collect();
                let found = horde.of(&benchmarks).expect("a score");
                assert!(agree(found, double(&case["value"])), "{found} for {case}");
            }
            // infinite weights and digits with underscores are not for us
            "parse_map" | "max_executors" if !vectors::is_required(&case) => (),
            "parse_map" => assert_eq!(parsed(&case), case["map"], "{case}"),
            "max_executors" => {
                let caps = executor_caps(case["text"].as_str().expect("text"));
                assert_eq!(by_name(caps), case["map"], "{case}");
            }
            "manifest_multiplier" => {
                let bonus = DanceBonus {
                    weights_version: version(&case["weights_version"]),
                    threshold: double(&case["threshold"]),
                    multiplier: double(&case["multiplier"]),
                };
                let previous = case["previous"].as_u64().map(|count| count as u32);
                let current = case["current"].as_u64().expect("count") as u32;
                let found = bonus.multiplier_for(previous, current);
                assert_eq!(found, case["result"].as_f64(), "{case}");
            }
            other => panic!("unknown op {other}"),
        }
    }
}

pub(crate) fn version(value: &Value) -> WeightsVersion {
    value
        .as_i64()
        .expect("a number")
        .try_into()
        .expect("a known version")
}

fn by_name<T: Into<Value>>(map: BTreeMap<ExecutorClass, T>) -> Value {
    map.into_iter()
        .map(|(class, value)| (class.name().to_owned(), value.into()))
        .collect()
}

fn parsed(case: &Value) -> Value {
    let text = case["text"].as_str().expect("text");
    match case["value_type"].as_str().expect("text") {
        "float" => by_name(class_weights(text)),
        "int" => by_name(parse_map(text, |value| value.trim().parse::<i64>().ok())),
        "text" => by_name(parse_map(text, |value| Some(value.to_owned()))),
        other => panic!("unknown type {other}"),
    }
}

/// Several batches add up in the vectors; weights are made from one.
fn score_batches(case: &Value) {
    let weights = class_weights(case["executor_class_weights"].as_str().expect("text"));
    let horde = HordeScore::new(
        double(&case["avg_param"]),
        double(&case["size_param"]),
        double(&case["central_size_param"]),
    );
    let mut total: BTreeMap<String, f64> = BTreeMap::new();
    for batch in case["batches"].as_array().expect("list") {
        let jobs = batch.as_array().expect("list").iter().filter_map(|job| {
            Some(JobScore {
                hotkey: job[0].as_str().expect("text"),
                class: job[1].as_str().expect("text").parse().ok()?,
                score: double(&job[2]),
            })
        });
        match batch_scores(jobs, &weights, &horde.expect("a central size")) {
            Ok(scores) => {
                for (hotkey, score) in scores {
                    *total.entry(hotkey).or_default() += score;
                }
            }
            Err(error) => return assert_eq!(json!(error.to_string()), case["error"], "{case}"),
        }
    }
    let expected = case["scores"].as_object().expect("scores");
    assert_eq!(total.len(), expected.len(), "{case}");
    for (hotkey, score) in total {
        assert!(
            agree(score, double(&expected[&hotkey])),
            "{hotkey}: {score} in {case}"
        );
    }
}

#[test]
fn a_central_size_of_zero_is_refused() {
    assert_eq!(
        HordeScore::new(0.0, 0.0, 0.0),
        Err(ScoringError::DivisionByZero)
    );
}

#[test]
fn weights_that_are_not_finite_are_skipped() {
    assert!(class_weights("always_on.gpu-24gb=nan,always_on.llm.a6000=inf").is_empty());
}

proptest! {
    #[test]
    fn classes_sum_to_their_weight(
        jobs in proptest::collection::vec((0_u8..12, 0_usize..3, 0.0_f64..3.0), 1..200),
    ) {
        let weights = class_weights("spin_up-4min.gpu-24gb=99,always_on.llm.a6000=1");
        let names: Vec<String> = (0..12).map(|n| format!("hk{n}")).collect();
        let classes = [
            ExecutorClass::SpinUp4MinGpu24Gb,
            ExecutorClass::AlwaysOnGpu24Gb,
            ExecutorClass::AlwaysOnLlmA6000,
        ];
        let scored: Vec<JobScore<'_>> = jobs
            .iter()
            .map(|(name, class, score)| JobScore {
                hotkey: &names[usize::from(*name)],
                class: classes[*class],
                score: *score,
            })
            .collect();
        let expected: f64 = weights
            .iter()
            .filter(|(class, _)| scored.iter().any(|job| job.class == **class && job.score > 0.0))
            .map(|(_, weight)| weight)
            .sum();
        let scores = batch_scores(scored, &weights, &HordeScore::default()).unwrap();
        prop_assert!(scores.values().all(|score| (0.0..=100.0).contains(score)));
        prop_assert!((scores.values().sum::<f64>() - expected).abs() < 1e-9);
    }

    #[test]
    fn whatever_the_parameters_nothing_infinite_gets_out(
        scores: Vec<f64>,
        alpha: f64,
        beta: f64,
        delta: f64,
        text in "\\PC*",
    ) {
        if let Ok(score) = (HordeScore { alpha, beta, delta }).of(&scores) {
            prop_assert!(score.is_finite());
        }
        prop_assert!(class_weights(&text).values().all(|weight| weight.is_finite()));
        executor_caps(&text);
    }
}
