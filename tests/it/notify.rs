//! Who is told when something fails: the dead man's switch after each pass, a mail when a unit
//! fails.

use chrono::{TimeDelta, Utc};
use horde_validator::store::PassOutcome;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::host::Host;
use crate::http_server::{Answer, HttpServer};
use crate::smtp_server::{SmtpServer, Wants};

fn machine() -> Host {
    let host = Host::new();
    host.horde(&["migrate"]).success();
    host
}

fn asked(server: &HttpServer) -> Vec<String> {
    server.asked().into_iter().map(|asked| asked.path).collect()
}

#[test]
fn the_dead_mans_switch_is_called_after_each_pass() {
    let server = HttpServer::start([Answer::Status(200)]);
    let mut host = machine();
    host.set("HORDE_HEALTHCHECK_URL", server.url("/my-uuid"));
    host.horde(&["evict"]).success();
    host.horde(&["set-weights"]).code(2);
    assert_eq!(asked(&server), ["/my-uuid", "/my-uuid/fail"]);
    // what the outside is to blame for is told once it goes on
    host.set("BITTENSOR_NETWORK", "ws://127.0.0.1:1");
    for _ in 0..5 {
        host.horde(&["set-weights"]).code(75);
    }
    assert_eq!(asked(&server)[2..], ["/my-uuid/fail"]);
}

#[test]
fn a_switch_that_cannot_be_called_fails_no_pass_and_its_address_stays_secret() {
    let mut host = machine();
    for url in ["http://127.0.0.1:1/my-uuid", "https://localhost:1/my-uuid"] {
        host.set("HORDE_HEALTHCHECK_URL", url);
        host.horde(&["evict"]).success().stderr(
            contains("HORDE_HEALTHCHECK_URL does not answer").and(contains("my-uuid").not()),
        );
        host.horde(&["config"])
            .success()
            .stdout(contains("my-uuid").not());
    }
    host.set("HORDE_HEALTHCHECK_URL", "my-uuid");
    host.horde(&["evict"])
        .code(2)
        .stderr(contains("HORDE_HEALTHCHECK_URL").and(contains("my-uuid").not()));
}

#[test]
fn a_unit_that_failed_is_told_of_once_in_six_hours() {
    let Some(server) = SmtpServer::with_login() else {
        return;
    };
    let mut host = machine();
    host.horde(&["notify", "set-weights"])
        .success()
        .stdout(contains("EMAIL_HOST is not set"));
    server.serve(&mut host);
    host.horde(&["set-weights"]).code(2);
    host.horde(&["notify", "set-weights"])
        .success()
        .stdout(contains(
            "told operator@example.org that set-weights has failed",
        ));
    host.horde(&["notify", "set-weights"])
        .success()
        .stdout(contains("was told of already"));
    // also with a database that nobody can read
    std::fs::write(host.database(), "no database at all, just text").expect("written");
    host.horde(&["notify", "run-synthetic"]).success();
    let told = host.path("horde.told-set-weights");
    std::fs::write(told, "2026-01-01T00:00:00+00:00").expect("written");
    host.horde(&["notify", "set-weights"]).success();
    let mails = server.mails();
    let text = |number: usize| mails[number]["text"].as_str().expect("text").to_owned();
    assert_eq!(mails.len(), 3);
    assert_eq!(
        mails[0]["headers"]["subject"],
        "horde: set-weights has failed"
    );
    assert!(
        text(0).contains("Its last pass: setting BITTENSOR_NETWORK is missing"),
        "{}",
        text(0)
    );
    assert!(
        text(0).contains("journalctl -u horde-set-weights"),
        "{}",
        text(0)
    );
    assert!(
        text(1).contains("The database cannot be read"),
        "{}",
        text(1)
    );
    for unit in ["../x", "", "set weights"] {
        host.horde(&["notify", unit])
            .code(2)
            .stderr(contains("it is not the name of a unit"));
    }
}

#[test]
fn settings_that_no_other_command_takes_are_told_of() {
    let Some(server) = SmtpServer::with_login() else {
        return;
    };
    let mut host = machine();
    server.serve(&mut host);
    let file = host.path("horde.env");
    std::fs::write(&file, "HORDE_HEALTHCHECK_URL=\"https://x.example\n").expect("written");
    let file = file.to_str().expect("text");
    let with_file =
        |host: &Host, arguments: &[&str]| host.horde(&[&["--env-file", file], arguments].concat());
    with_file(&host, &["evict"]).code(2);
    with_file(&host, &["notify", "evict"]).success();
    host.set("HORDE_SCORE_AVG_PARAM", "much");
    host.horde(&["notify", "set-weights"]).success();
    let mails = server.mails();
    for (mail, finding) in mails
        .iter()
        .zip(["a quote in line 1", "HORDE_SCORE_AVG_PARAM"])
    {
        let text = mail["text"].as_str().expect("text");
        let told = text
            .lines()
            .find(|line| line.starts_with("No command runs"));
        assert!(told.is_some_and(|line| line.contains(finding)), "{text}");
    }
    assert_eq!(mails.len(), 2);
    // whether a mail was wanted cannot be known
    let mut host = machine();
    host.set("HORDE_SCORE_AVG_PARAM", "much");
    host.horde(&["notify", "evict"])
        .code(2)
        .stderr(contains("HORDE_SCORE_AVG_PARAM"));
}

#[test]
fn passes_that_keep_failing_are_told_of_whatever_systemd_thinks_of_them() {
    let Some(server) = SmtpServer::start(&Wants {
        tls: "none",
        login: false,
        size: None,
    }) else {
        return;
    };
    let switch = HttpServer::start([Answer::Status(200)]);
    let mut host = machine();
    host.set("EMAIL_HOST", "localhost");
    host.set("EMAIL_PORT", server.port());
    host.set("EMAIL_USE_TLS", 0);
    host.set("EMAIL_TARGET", "operator@example.org");
    host.set("HORDE_HEALTHCHECK_URL", switch.url("/my-uuid"));
    let ran = |name: &str, minutes: i64, outcome: Option<PassOutcome>| {
        let at = Utc::now() - TimeDelta::minutes(minutes);
        let mut store = host.store();
        let id = store.begin_pass(name, "x", at).expect("kept");
        if let Some(outcome) = outcome {
            store.end_pass(id, outcome, "no luck", at).expect("kept");
        }
    };
    let unreachable = Some(PassOutcome::Unreachable);
    // not yet an hour
    ran("set-weights", 90, Some(PassOutcome::Idle));
    ran("set-weights", 55, unreachable);
    // it goes well again
    ran("run-synthetic", 90, unreachable);
    ran("run-synthetic", 1, Some(PassOutcome::Idle));
    // the line is up
    ran("relay-organic", 90, unreachable);
    ran("relay-organic", 30, None);
    // nobody but the operator starts this
    ran("provision-buckets", 90, unreachable);
    let all_is_well = || {
        host.horde(&["notify"])
            .success()
            .stdout(contains("no pass has failed for an hour"));
    };
    all_is_well();
    assert!(asked(&switch).is_empty());

    // once a day is seldom enough to be told of soon
    ran("backup-db", 70, unreachable);
    // an attempt that has just begun proves nothing
    ran("relay-organic", 5, Some(PassOutcome::Failed));
    ran("relay-organic", 1, None);
    host.horde(&["notify"]).success().stdout(contains(
        "told operator@example.org that backup-db has kept failing for an hour or more; \
         told operator@example.org that relay-organic has kept failing for an hour or more",
    ));
    host.horde(&["notify"])
        .success()
        .stdout(contains("backup-db was told of already"));
    assert_eq!(asked(&switch), ["/my-uuid/fail", "/my-uuid/fail"]);
    let mails = server.mails();
    assert_eq!(mails.len(), 2);
    let text = mails[0]["text"].as_str().expect("text");
    assert!(text.contains("Its last pass: no luck"), "{text}");
    ran("backup-db", 0, Some(PassOutcome::Done));
    ran("relay-organic", 0, Some(PassOutcome::Done));
    all_is_well();
}
