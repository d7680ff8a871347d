//! The outcome of jobs and of whole batches against their vectors.

use std::collections::HashMap;
use std::time::Duration;

use horde_validator::params::WeightsVersion;
use horde_validator::scoring::job::{Answer, Finished, JobOutcome, outcome, score};
use horde_validator::scoring::{DanceBonus, apply_dance_bonus};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{scoring::version, vectors};

fn double(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn timeout(case: &Value) -> Duration {
    Duration::from_secs(case["timeout_seconds"].as_u64().expect("seconds"))
}

#[test]
fn scores_agree() {
    for case in vectors::cases("job_score")
        .iter()
        .filter(|case| case["op"] == "score")
    {
        let found = score(
            version(&case["weights_version"]),
            double(&case["timeout_seconds"]),
            double(&case["time_took_seconds"]),
        );
        let expected = double(&case["score"]);
        assert!(
            (found - expected).abs() <= 1e-12 * expected.abs(),
            "{found} for {case}"
        );
    }
}

#[test]
fn outcomes_agree() {
    for case in vectors::cases("job_score")
        .iter()
        .filter(|case| case["op"] == "job_outcome")
    {
        let answer = match text(&case["response"]) {
            "none" => Answer::None,
            "failed" => Answer::Failed {
                exit_status: case["exit_status"].as_i64(),
            },
            _ => Answer::Finished(Finished {
                job_uuid: text(&case["job_uuid"]),
                stdout: text(&case["stdout"]),
                stderr: text(&case["stderr"]),
                received_us: case["response_received_us"].as_i64().expect("time"),
                expected: text(&case["expected_answer"]),
                is_right: text(&case["stdout"]).trim() == text(&case["expected_answer"]),
            }),
        };
        let sent_us = case["request_sent_us"].as_i64();
        let found = outcome(
            version(&case["weights_version"]),
            timeout(case),
            sent_us,
            answer,
        );
        let events: Vec<Value> = found
            .event
            .iter()
            .map(|(kind, subtype)| {
                json!({ "type": kind, "subtype": subtype, "description": found.comment })
            })
            .collect();
        for (field, value) in [
            ("success", json!(found.is_success)),
            ("correct", json!(found.is_correct)),
            ("score", json!(found.score)),
            ("time_took_seconds", json!(found.time_took_seconds())),
            ("comment", json!(found.comment)),
            ("events", json!(events)),
        ] {
            assert_eq!(value, case[field], "{field} of {case}");
        }
    }
}

#[test]
fn batches_agree() {
    for case in vectors::cases("job_score")
        .iter()
        .filter(|case| case["op"] == "batch_outcome")
    {
        let weights_version = version(&case["weights_version"]);
        let jobs = case["jobs"].as_array().expect("list");
        let mut outcomes: Vec<JobOutcome> = jobs
            .iter()
            .map(|job| {
                let answer = match text(&job["response"]) {
                    "none" => Answer::None,
                    "failed" => Answer::Failed {
                        exit_status: Some(1),
                    },
                    _ => Answer::Finished(Finished {
                        job_uuid: "",
                        stdout: "",
                        stderr: "",
                        received_us: job["elapsed_us"].as_i64().expect("time"),
                        expected: "",
                        is_right: job["answer_correct"].as_bool().expect("boolean"),
                    }),
                };
                outcome(weights_version, timeout(case), Some(0), answer)
            })
            .collect();
        let bonus = DanceBonus {
            weights_version,
            threshold: double(&case["threshold"]),
            multiplier: double(&case["multiplier"]),
        };
        let previous: HashMap<String, u32> = case["previous_online_executor_count"]
            .as_object()
            .expect("counts")
            .iter()
            .filter_map(|(hotkey, count)| Some((hotkey.clone(), count.as_u64()? as u32)))
            .collect();
        let mut by_miner: Vec<(&str, &mut JobOutcome)> = jobs
            .iter()
            .map(|job| text(&job["hotkey"]))
            .zip(&mut outcomes)
            .collect();
        let online = apply_dance_bonus(&bonus, &previous, &mut by_miner);

        assert_eq!(json!(online), case["online_executor_count"], "{case}");
        for (job, found) in outcomes.iter().enumerate() {
            assert_eq!(json!(found.is_success), case["success"][job], "{case}");
            let multiplier = case["score_manifest_multiplier"][job].as_f64();
            assert_eq!(found.manifest_multiplier, multiplier, "{case}");
            let expected = double(&case["scores"][job]);
            assert!(
                (found.score - expected).abs() <= 1e-12 * expected,
                "{job} of {case}"
            );
        }
    }
}

#[test]
fn a_flood_of_output_does_not_fill_the_comment() {
    let flood = "é".repeat(1_000_000);
    let answer = Answer::Finished(Finished {
        job_uuid: "",
        stdout: &flood,
        stderr: &flood,
        received_us: 1,
        expected: "",
        is_right: false,
    });
    let found = outcome(WeightsVersion::V4, Duration::from_secs(53), Some(0), answer);
    assert!(found.comment.len() < 10_000);
}

proptest! {
    #[test]
    fn only_right_answers_in_time_score_and_no_score_is_negative_or_infinite(
        version in proptest::sample::select(&WeightsVersion::ALL[..]),
        timeout_s in 1_u64..1_000,
        sent: Option<i64>,
        received_us: i64,
        is_right: bool,
    ) {
        let timeout = Duration::from_secs(timeout_s);
        let answer = Answer::Finished(Finished {
            job_uuid: "", stdout: "", stderr: "", received_us, expected: "", is_right,
        });
        let found = outcome(version, timeout, sent, answer);
        prop_assert!(found.score.is_finite() && found.score >= 0.0);
        prop_assert!(found.score == 0.0 || (found.is_success && is_right));
        prop_assert_eq!(found.is_success, found.comment.is_empty());
    }
}
