//! The parameters that the subnet owner publishes: how a document is read, and what the pass that
//! fetches it keeps.

use std::time::Duration;

use chrono::{DateTime, Utc};
use horde_validator::http::Limits;
use horde_validator::params::{
    Override, Params, Setting, Source, TABLE, named, parameter, published,
};
use horde_validator::pass::Failure;
use horde_validator::sync_params;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::{Map, Value, json};

use crate::host::Host;
use crate::http_server::{Answer, HttpServer};
use crate::vectors;

fn reading(case: &Value) -> published::Reading {
    let now: DateTime<Utc> = case["now"].as_str().expect("now").parse().expect("a time");
    let document = case["document"].as_str().expect("document");
    published::read(document.as_bytes(), now)
}

/// The optional cases with wrong types are read as recorded: the type is looked at later. Those
/// with times that are numbers or have no offset are refused: nobody is known to publish such.
#[test]
fn every_document_is_read_as_recorded() {
    for case in vectors::cases("dynamic_config") {
        if case["http_status"] != 200 {
            continue;
        }
        let reading = reading(&case);
        let is_refused =
            !vectors::is_required(&case) && case["document"].to_string().contains("effective_from");
        if is_refused {
            assert!(reading.malformed.is_some(), "{case}");
            continue;
        }
        let assigned: Map<String, Value> = reading
            .assigned
            .into_iter()
            .filter(|one| parameter(&one.name).is_some())
            .map(|one| (one.name, one.value))
            .collect();
        assert_eq!(Value::from(assigned), case["assigned"], "{case}");
        assert_eq!(
            reading.malformed.is_some(),
            case["failed"] == true,
            "{case}"
        );
    }
}

#[test]
fn of_what_was_read_only_fitting_values_come_into_force() {
    let mut unfit = 0;
    for case in vectors::cases("dynamic_config") {
        if case["http_status"] != 200 || !vectors::is_required(&case) {
            continue;
        }
        let initial = case["initial"].as_object().expect("initial").iter();
        let initial = initial.map(|(name, value)| Override {
            name: name.clone(),
            source: Source::Published,
            value: value.clone(),
        });
        let (before, _) = Params::from_overrides(initial.clone());
        let (params, _) = Params::from_overrides(initial.chain(reading(&case).assigned));
        for ((parameter, now, _), (_, before, _)) in params.all().zip(before.all()) {
            let assigned = case["assigned"].get(parameter.name);
            let fitting = assigned.and_then(|value| parameter.read(value).ok());
            unfit += usize::from(assigned.is_some() && fitting.is_none());
            assert_eq!(now, fitting.unwrap_or(before), "{case}");
        }
    }
    assert!(unfit > 0, "some versions in the cases do not exist");
}

#[test]
fn the_table_has_every_parameter_of_the_specification_with_its_default() {
    let expected = [
        ("SERVING", "true"),
        ("DYNAMIC_MANIFEST_SCORE_MULTIPLIER", "1.05"),
        ("DYNAMIC_MANIFEST_DANCE_RATIO_THRESHOLD", "1.4"),
        ("DYNAMIC_WEIGHTS_VERSION", "1"),
        ("DYNAMIC_SYNTHETIC_JOBS_FLOW_VERSION", "1"),
        ("DYNAMIC_SYNTHETIC_JOBS_PLANNER_WAIT_IN_ADVANCE_BLOCKS", "3"),
        ("DYNAMIC_SYNTHETIC_JOBS_PLANNER_POLL_INTERVAL", "4"),
        ("DYNAMIC_SYNTHETIC_JOBS_PLANNER_MAX_OVERSLEEP_BLOCKS", "3"),
        ("DYNAMIC_BLOCK_FINALIZATION_NUMBER", "3"),
        ("DYNAMIC_COMMIT_REVEAL_WEIGHTS_ENABLED", "true"),
        ("DYNAMIC_COMMIT_REVEAL_WEIGHTS_INTERVAL", "722"),
        ("DYNAMIC_COMMIT_REVEAL_COMMIT_START_OFFSET", "361"),
        ("DYNAMIC_COMMIT_REVEAL_COMMIT_END_BUFFER", "15"),
        ("DYNAMIC_COMMIT_REVEAL_REVEAL_END_BUFFER", "15"),
        ("DYNAMIC_MAX_WEIGHT", "65535"),
        ("DYNAMIC_WEIGHT_REVEALING_TTL", "120"),
        ("DYNAMIC_WEIGHT_REVEALING_HARD_TTL", "125"),
        ("DYNAMIC_WEIGHT_REVEALING_ATTEMPTS", "50"),
        ("DYNAMIC_WEIGHT_REVEALING_FAILURE_BACKOFF", "5"),
        ("DYNAMIC_MAX_PROMPT_SERIES", "3500"),
        ("DYNAMIC_TARGET_NUMBER_OF_PROMPT_SAMPLES_READY", "1536"),
        ("DYNAMIC_NUMBER_OF_PROMPTS_PER_WORKLOAD", "240"),
        ("DYNAMIC_PROMPTS_SERIES_IN_A_SINGLE_GENERATION", "25"),
        ("DYNAMIC_NUMBER_OF_PROMPTS_IN_SERIES", "240"),
        ("DYNAMIC_NUMBER_OF_PROMPTS_TO_SAMPLE_FROM_SERIES", "1"),
        (
            "DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS",
            "always_on.llm.a6000=2",
        ),
        (
            "DYNAMIC_EXECUTOR_CLASS_WEIGHTS",
            "spin_up-4min.gpu-24gb=99,always_on.llm.a6000=1",
        ),
    ];
    let table: Vec<_> = TABLE
        .iter()
        .map(|parameter| (parameter.name, parameter.default().to_string()))
        .collect();
    assert_eq!(table, expected.map(|(name, text)| (name, text.to_owned())));
}

// the pass

/// A document that assigns these values now.
fn document(values: &[(&str, Value)]) -> String {
    let entry = |value: &Value| json!({"description": "", "items": [{"value": value}]}).to_string();
    let entries = values
        .iter()
        .map(|(name, value)| format!("{name:?}: {}", entry(value)));
    format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
}

fn publishing(answer: Answer) -> (HttpServer, Host) {
    let server = HttpServer::start([answer]);
    let mut host = Host::new();
    host.set("DYNAMIC_CONFIG_URL", server.url("/config.json?key=secret"));
    host.horde(&["migrate"]).success();
    (server, host)
}

fn in_force(host: &Host, name: &str) -> (Setting, Source) {
    let (params, _) = Params::from_overrides(host.store().params().expect("readable"));
    let name = named(name).expect("a name").name;
    let found = params.all().find(|(parameter, ..)| parameter.name == name);
    let (_, setting, source) = found.expect("it is in the table");
    (setting, source)
}

#[test]
fn published_values_are_kept_and_shown_once() {
    let values = [
        ("DYNAMIC_WEIGHTS_VERSION", json!(4)),
        ("DYNAMIC_MAX_WEIGHT", json!(65_535)),
        ("DYNAMIC_NEW", json!([1])),
        ("SERVING", json!(false)),
    ];
    let (server, host) = publishing(Answer::Body(document(&values)));
    host.horde(&["sync-params", "-v"])
        .success()
        .stdout("1 parameter changed: DYNAMIC_WEIGHTS_VERSION 1 -> 4\n")
        .stderr(
            contains(r#"parameter changed parameter="DYNAMIC_WEIGHTS_VERSION""#)
                .and(contains(
                    r#"unknown parameter passed over name="DYNAMIC_NEW""#,
                ))
                .and(contains("SERVING").not()),
        );
    let version = in_force(&host, "DYNAMIC_WEIGHTS_VERSION");
    assert_eq!(version, (Setting::Integer(4), Source::Published));
    let serving = in_force(&host, "SERVING");
    assert_eq!(serving, (Setting::Switch(true), Source::Default));
    let since = host.store().params_since().expect("readable");
    host.horde(&["sync-params"])
        .success()
        .stdout("no parameter changed\n");
    assert_eq!(host.store().params_since().expect("readable"), since);
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].method, "GET");
    assert_eq!(asked[0].path, "/config.json?key=secret");
}

#[test]
fn what_is_no_longer_published_keeps_its_value() {
    let (server, host) = publishing(Answer::Body(document(&[("DYNAMIC_MAX_WEIGHT", json!(9))])));
    host.horde(&["sync-params"]).success();
    server.answer_with([Answer::Body("{}".to_owned())]);
    host.horde(&["sync-params"]).success();
    let weight = in_force(&host, "DYNAMIC_MAX_WEIGHT");
    assert_eq!(weight, (Setting::Integer(9), Source::Published));
}

#[test]
fn a_pinned_value_stays_in_force_and_the_summary_says_so() {
    let (_server, host) = publishing(Answer::Body(document(&[("DYNAMIC_MAX_WEIGHT", json!(9))])));
    host.horde(&["params", "pin", "DYNAMIC_MAX_WEIGHT", "7"])
        .success();
    host.horde(&["sync-params"])
        .success()
        .stdout("1 parameter changed: DYNAMIC_MAX_WEIGHT 65535 -> 9 (hidden by a pinned value)\n")
        .stderr(contains("a pinned value hides what was published"));
    let weight = in_force(&host, "DYNAMIC_MAX_WEIGHT");
    assert_eq!(weight, (Setting::Integer(7), Source::Pinned));
}

#[test]
fn a_value_that_does_not_fit_keeps_the_old_one_with_a_warning() {
    let fitting = document(&[("DYNAMIC_MAX_WEIGHT", json!(9))]);
    let (server, host) = publishing(Answer::Body(fitting));
    host.horde(&["sync-params"]).success();
    for unfit in [json!("10"), json!(0), json!(1.5), json!(null), json!(true)] {
        let other = ("DYNAMIC_WEIGHT_REVEALING_TTL", json!(7));
        let document = document(&[("DYNAMIC_MAX_WEIGHT", unfit), other]);
        server.answer_with([Answer::Body(document)]);
        host.horde(&["sync-params"]).success().stderr(
            contains("published value passed over, the old one is kept").and(contains(
                "DYNAMIC_MAX_WEIGHT must be a whole number from 1 to 65535, not `",
            )),
        );
    }
    let weight = in_force(&host, "DYNAMIC_MAX_WEIGHT");
    assert_eq!(weight, (Setting::Integer(9), Source::Published));
    let ttl = in_force(&host, "DYNAMIC_WEIGHT_REVEALING_TTL");
    assert_eq!(ttl, (Setting::Integer(7), Source::Published));
}

#[test]
fn of_a_malformed_document_counts_what_stands_before_the_malformed_entry() {
    let good = document(&[
        ("DYNAMIC_WEIGHT_REVEALING_TTL", json!(7)),
        ("DYNAMIC_MAX_WEIGHT", json!(9)),
        ("DYNAMIC_WEIGHT_REVEALING_ATTEMPTS", json!(5)),
    ]);
    let spoilt = good.replacen(r#"[{"value":9}]"#, "9", 1);
    assert_ne!(good, spoilt);
    let (_server, host) = publishing(Answer::Body(spoilt));
    host.horde(&["sync-params"]).code(1).stderr(
        contains("the published parameters are malformed, what comes before that is kept")
            .and(contains(
                "because entry `DYNAMIC_MAX_WEIGHT`: `items` is missing or not a list",
            ))
            .and(contains("try: tell the subnet owner")),
    );
    let sources = [
        "DYNAMIC_WEIGHT_REVEALING_TTL",
        "DYNAMIC_MAX_WEIGHT",
        "DYNAMIC_WEIGHT_REVEALING_ATTEMPTS",
    ]
    .map(|name| in_force(&host, name).1);
    let expected = [Source::Published, Source::Default, Source::Default];
    assert_eq!(sources, expected);
}

#[test]
fn an_address_of_another_kind_is_not_tried_again_and_again() {
    let mut host = Host::new();
    host.horde(&["migrate"]).success();
    host.set("DYNAMIC_CONFIG_URL", "ftp://me:secret@example.org/x");
    host.horde(&["sync-params"]).code(1).stderr(
        contains("because the address cannot be used: URL scheme is not allowed")
            .and(contains(
                "try: check DYNAMIC_CONFIG_ENV and DYNAMIC_CONFIG_URL",
            ))
            .and(contains("secret").not()),
    );
}

#[test]
fn a_fetch_that_fails_keeps_everything() {
    let (server, host) = publishing(Answer::Body(document(&[("DYNAMIC_MAX_WEIGHT", json!(9))])));
    host.horde(&["sync-params"]).success();
    let before = host.store().params_since().expect("readable");
    for (answer, code, said) in [
        (Answer::Status(503), 75, "answered with status 503"),
        (Answer::Status(429), 75, "answered with status 429"),
        (Answer::Status(404), 1, "answered with status 404"),
        (Answer::Status(403), 1, "try: check DYNAMIC_CONFIG_ENV"),
        (Answer::Body("<html>".to_owned()), 1, "not a JSON object"),
        (Answer::Body("[]".to_owned()), 1, "not a JSON object"),
        (
            Answer::Body(" ".repeat(2 << 20)),
            1,
            "the answer has more than 1048576 bytes",
        ),
    ] {
        server.answer_with([answer]);
        host.horde(&["sync-params"])
            .code(code)
            .stderr(contains(said).and(contains("secret").not()));
    }
    drop(server);
    host.horde(&["sync-params"])
        .code(75)
        .stderr(contains("no answer: Connection refused").and(contains("secret").not()));
    assert_eq!(host.store().params_since().expect("readable"), before);
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let (_server, host) = publishing(Answer::Hang);
    let limits = Limits {
        idle: Duration::from_millis(200),
        total: Duration::from_millis(200),
        bytes: 100,
    };
    let frame = host.frame();
    let pass = sync_params::run(&frame, limits);
    let failure = pass.await.expect_err("no answer");
    assert_eq!(failure.exit_code(), 75);
    assert_eq!(
        failure.lines()[1],
        "the answer was not complete after 0.2 s"
    );
}

#[tokio::test]
async fn a_signal_ends_the_wait_for_an_answer() {
    let (_server, host) = publishing(Answer::Hang);
    let frame = host.frame();
    frame.stop.cancel();
    let pass = sync_params::run(&frame, sync_params::LIMITS);
    let failure = pass.await.expect_err("no answer");
    assert!(matches!(failure, Failure::Interrupted));
}
