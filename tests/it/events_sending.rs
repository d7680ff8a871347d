//! Events on their way to the stats collector: their form, their signature, and that none is lost.

use std::time::Duration;

use chrono::{DateTime, Utc};
use horde_validator::devnet::accounts::Account;
use horde_validator::events;
use horde_validator::http::Limits;
use horde_validator::keys::{Hotkey, Signature, verify};
use horde_validator::pass::Failure;
use horde_validator::wire::EventsRequest;
use horde_validator::wire::event::{Event, EventSubtype, EventType};
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::{Value, json};

use crate::host::Host;
use crate::http_server::{Answer, Asked, HttpServer};
use crate::vectors;

fn cases(op: &str) -> impl Iterator<Item = Value> {
    let cases = vectors::cases("stats_event").into_iter();
    cases.filter(move |case| case["op"] == op)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().expect(key)
}

#[test]
fn every_event_takes_the_recorded_form() {
    for case in cases("event") {
        let time = &case["timestamp"];
        let seconds = time["unix_seconds"].as_i64().expect("seconds");
        let microsecond = time["microsecond"].as_u64().expect("microseconds");
        let nanoseconds = u32::try_from(microsecond * 1000).expect("below a second");
        let event = Event {
            kind: text(&case, "type").parse().expect("a type"),
            subtype: text(&case, "subtype").parse().expect("a subtype"),
            timestamp: DateTime::from_timestamp(seconds, nanoseconds).expect("a time"),
            description: text(&case, "long_description").to_owned(),
            data: case["data"].clone(),
        };
        assert_eq!(event.for_collector(), case["json"], "{case}");
    }
}

#[test]
fn every_request_goes_where_it_was_recorded_and_signs_what_was_recorded() {
    for case in cases("request") {
        let validator: Hotkey = text(&case, "signer_ss58").parse().expect("an address");
        let collector = text(&case, "collector_url");
        for collector in [collector, collector.trim_end_matches('/')] {
            let url = events::url(collector, &validator).expect("an address");
            assert_eq!(url, case["url"], "{case}");
        }
        let request = EventsRequest {
            signing_timestamp: case["signing_timestamp"].as_i64().expect("seconds"),
            validator_ss58_address: validator,
        };
        assert_eq!(request.blob(), case["signed_text"], "{case}");
        let signature: Signature = text(&case["headers"], "Validator-Signature")
            .parse()
            .expect("a signature");
        assert!(verify(&validator, request.blob().as_bytes(), &signature));

        let signer = Account::validator();
        let at = DateTime::from_timestamp(request.signing_timestamp, 999_999_999);
        let [(_, signature), (name, timestamp)] =
            events::headers(&signer.keypair(), at.expect("a time"));
        assert_eq!(name, "Validator-Signing-Timestamp");
        assert_eq!(timestamp, case["headers"][name], "{case}");
        let request = EventsRequest {
            validator_ss58_address: signer.hotkey(),
            ..request
        };
        let signature = signature.parse().expect("a signature");
        assert!(verify(
            &signer.hotkey(),
            request.blob().as_bytes(),
            &signature
        ));
    }
}

#[test]
fn the_query_of_an_address_stays_its_query() {
    let validator = Account::validator().hotkey();
    let url = events::url("https://a.example/v0?key=secret", &validator);
    let expected = format!("https://a.example/v0/validator/{validator}/system_events?key=secret");
    assert_eq!(url, Some(expected));
}

// the pass

/// A host with this many unsent events, and a collector that answers like this.
fn with_events(count: usize, answers: impl IntoIterator<Item = Answer>) -> (HttpServer, Host) {
    let server = HttpServer::start(answers);
    let mut host = Host::new();
    host.set("STATS_COLLECTOR_URL", server.url("/stats/v0/"));
    host.horde(&["migrate"]).success();
    add_events(&host, 0..count);
    (server, host)
}

/// Each has its number in its data.
fn add_events(host: &Host, numbers: std::ops::Range<usize>) {
    let mut db = rusqlite::Connection::open(host.database()).expect("a database");
    let tx = db.transaction().expect("a transaction");
    for number in numbers {
        tx.execute(
            "INSERT INTO events (type, subtype, timestamp, description, data)
             VALUES ('VALIDATOR_FAILURE', 'FAILURE', '2024-11-26T23:19:36.000000Z', 'd', ?1)",
            [json!({"n": number}).to_string()],
        )
        .expect("kept");
    }
    tx.commit().expect("kept");
}

/// The numbers of the events in a request.
fn numbers(asked: &Asked) -> Vec<u64> {
    let events: Vec<Value> = serde_json::from_str(&asked.body).expect("a list");
    let number = |event: &Value| event["data"]["n"].as_u64().expect("its number");
    events.iter().map(number).collect()
}

fn unsent(host: &Host) -> u64 {
    host.store().count_unsent_events().expect("readable")
}

#[test]
fn events_are_sent_signed_and_once() {
    let (server, host) = with_events(2, [Answer::Status(201)]);
    let event = Event::new(
        EventType::WeightSettingSuccess,
        EventSubtype::SetWeightsSuccess,
        "2024-10-26T18:44:23.5Z".parse().expect("a time"),
        "two\nlines",
    )
    .with("n", 2);
    host.store().keep_event(&event).expect("kept");
    host.horde(&["send-events"])
        .success()
        .stdout("3 events sent\n");
    host.horde(&["send-events"])
        .success()
        .stdout("all events are sent\n");
    let [asked] = &server.asked()[..] else {
        panic!("not one request")
    };
    let validator = Account::validator().hotkey();
    assert_eq!(asked.method, "POST");
    assert_eq!(
        asked.path,
        format!("/stats/v0/validator/{validator}/system_events")
    );
    assert_eq!(asked.headers["content-type"], "application/json");
    let events: Value = serde_json::from_str(&asked.body).expect("JSON");
    assert_eq!(
        events[2],
        json!({
            "type": "WEIGHT_SETTING_SUCCESS",
            "subtype": "SET_WEIGHTS_SUCCESS",
            "timestamp": "2024-10-26T18:44:23.500000+00:00",
            "data": {"description": "two\nlines", "n": 2},
        })
    );
    let timestamp = &asked.headers["validator-signing-timestamp"];
    let age = Utc::now().timestamp() - timestamp.parse::<i64>().expect("seconds");
    assert!((0..60).contains(&age), "signed {age} s ago");
    let signed =
        format!(r#"{{"signing_timestamp": {timestamp}, "validator_ss58_address": "{validator}"}}"#);
    let signature = asked.headers["validator-signature"].parse();
    let signature = signature.expect("a signature");
    assert!(verify(&validator, signed.as_bytes(), &signature));
}

#[test]
fn more_than_ten_thousand_events_take_two_requests() {
    let (server, host) = with_events(10_050, [Answer::Status(201)]);
    let document = host.json(&["send-events"]);
    assert_eq!(document["summary"], "10050 events sent");
    assert_eq!(
        (&document["sent"], &document["requests"]),
        (&json!(10_050), &json!(2))
    );
    let sent: Vec<Vec<u64>> = server.asked().iter().map(numbers).collect();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].len(), 10_000);
    assert_eq!(sent.concat(), (0..10_050).collect::<Vec<u64>>());
}

#[test]
fn only_status_201_counts_and_everything_else_keeps_the_events() {
    let (server, host) = with_events(3, [Answer::Status(201)]);
    for (status, code, advice) in [
        (500, 75, None),
        (503, 75, None),
        (429, 75, None),
        (403, 1, Some("try: is this hotkey registered on the subnet")),
        (401, 1, Some("timedatectl")),
        (404, 1, Some("try: check STATS_COLLECTOR_URL")),
        (413, 1, Some("try: check STATS_COLLECTOR_URL")),
        (200, 1, Some("try: check STATS_COLLECTOR_URL")),
        (204, 1, Some("try: check STATS_COLLECTOR_URL")),
    ] {
        server.answer_with([Answer::Status(status)]);
        host.horde(&["send-events"]).code(code).stderr(
            contains("events could not be sent to http://127.0.0.1:")
                .and(contains("/stats/v0/, 3 are kept for the next pass"))
                .and(contains(format!("because answered with status {status}")))
                .and(contains(advice.unwrap_or_default()))
                .and(contains("try:").count(usize::from(advice.is_some()))),
        );
        assert_eq!(unsent(&host), 3);
    }
    server.answer_with([Answer::Status(201)]);
    host.horde(&["send-events"]).success();
    assert_eq!(unsent(&host), 0);
    let asked = server.asked();
    assert!(asked.iter().all(|asked| numbers(asked) == [0, 1, 2]));
}

#[test]
fn what_was_sent_before_a_failure_is_not_sent_again() {
    let (server, host) = with_events(10_002, [Answer::Status(201), Answer::Status(503)]);
    host.horde(&["send-events"])
        .code(75)
        .stderr(contains("2 are kept for the next pass"));
    add_events(&host, 10_002..10_003);
    server.answer_with([Answer::Status(201)]);
    host.horde(&["send-events"])
        .success()
        .stdout("3 events sent\n");
    let last = server.asked().pop().expect("a request");
    assert_eq!(numbers(&last), [10_000, 10_001, 10_002]);
}

#[test]
fn a_collector_that_is_away_is_named_without_its_credentials() {
    let (server, mut host) = with_events(1, [Answer::Status(201)]);
    let address = server.url("/stats?key=hunter2");
    drop(server);
    let address = address.replace("http://", "http://me:hunter2@");
    host.set("STATS_COLLECTOR_URL", address);
    host.horde(&["send-events"]).code(75).stderr(
        contains("/stats, 1 are kept for the next pass")
            .and(contains("because no answer: Connection refused"))
            .and(contains("hunter2").not()),
    );
    assert_eq!(unsent(&host), 1);
}

#[tokio::test]
async fn a_collector_that_never_answers_is_given_up() {
    let (server, host) = with_events(1, [Answer::Hang]);
    let limits = Limits {
        idle: Duration::from_millis(200),
        total: Duration::from_millis(200),
        bytes: 0,
    };
    let frame = host.frame();
    let pass = events::run(&frame, limits);
    let failure = pass.await.expect_err("no answer");
    assert_eq!(failure.exit_code(), 75);
    assert_eq!(
        failure.lines()[1],
        "the answer was not complete after 0.2 s"
    );
    assert_eq!((server.asked().len(), unsent(&host)), (1, 1));
}

#[tokio::test]
async fn nothing_more_is_sent_after_a_signal() {
    let (server, host) = with_events(1, [Answer::Status(201)]);
    let frame = host.frame();
    frame.stop.cancel();
    let pass = events::run(&frame, events::LIMITS);
    let failure = pass.await.expect_err("it was ended");
    assert!(matches!(failure, Failure::Interrupted));
    assert!(server.asked().is_empty());
    assert_eq!(unsent(&host), 1);
}

#[test]
fn an_empty_address_turns_sending_off() {
    let (server, mut host) = with_events(1, [Answer::Status(201)]);
    host.set("STATS_COLLECTOR_URL", "");
    host.unset("BITTENSOR_WALLET_NAME");
    host.horde(&["send-events"])
        .success()
        .stdout("sending events is off\n");
    assert!(server.asked().is_empty());
    assert_eq!(unsent(&host), 1);
}

#[test]
fn a_wrong_address_is_refused_before_anything_is_done() {
    let (_server, mut host) = with_events(1, [Answer::Status(201)]);
    host.set("STATS_COLLECTOR_URL", "stats.example");
    host.horde(&["send-events"])
        .code(2)
        .stderr(contains("setting STATS_COLLECTOR_URL"));
}

#[test]
fn status_calls_very_many_unsent_events_a_problem_unless_sending_is_off() {
    let (_server, mut host) = with_events(50_001, [Answer::Status(201)]);
    host.horde(&["status"]).success().stdout(
        contains("! 50001 events are waiting to be sent")
            .and(contains("-> look at what `horde send-events` says")),
    );
    host.set("STATS_COLLECTOR_URL", "");
    host.horde(&["status"])
        .success()
        .stdout(contains("all is well"));
}
