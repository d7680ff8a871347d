//! What is told to Sentry, and what never is.

use predicates::str::contains;

use crate::host::Host;
use crate::http_server::{Answer, HttpServer};

fn machine(server: &HttpServer) -> Host {
    let mut host = Host::new();
    host.horde(&["migrate"]).success();
    let dsn = server.url("/1").replace("http://", "http://public-key@");
    host.set("SENTRY_DSN", dsn);
    host
}

#[test]
fn a_failure_is_told_once_it_is_one_that_does_not_pass() {
    let server = HttpServer::start([Answer::Status(200)]);
    let mut host = machine(&server);
    host.set("ENV", "staging");
    host.set("BITTENSOR_NETWORK", "ws://127.0.0.1:1");
    host.horde(&["set-weights"]).code(75);
    host.horde(&["evict"]).success();
    assert!(server.asked().is_empty());
    host.set("BITTENSOR_NETWORK", "no such network");
    host.horde(&["set-weights"]).code(2);
    let asked = server.asked();
    assert_eq!(asked.len(), 1, "{asked:#?}");
    assert_eq!(asked[0].path, "/api/1/envelope/");
    let event = &asked[0].body;
    for told in ["BITTENSOR_NETWORK", "set-weights", "staging"] {
        assert!(event.contains(told), "{told} is not in {event}");
    }
}

#[test]
fn a_secret_of_the_settings_never_leaves() {
    let server = HttpServer::start([Answer::Status(200)]);
    let mut host = machine(&server);
    // a name that fails, and holds what is a secret elsewhere
    host.set("AWS_SECRET_ACCESS_KEY", "not-to-be-told");
    host.set("BITTENSOR_NETWORK", "finney not-to-be-told");
    host.horde(&["set-weights"]).code(2);
    let asked = server.asked();
    assert_eq!(asked.len(), 1, "{asked:#?}");
    assert!(asked[0].body.contains("BITTENSOR_NETWORK"));
    assert!(
        !asked[0].body.contains("not-to-be-told"),
        "{}",
        asked[0].body
    );
}

#[test]
fn a_sentry_that_is_away_or_misnamed_stops_nothing() {
    let server = HttpServer::start([Answer::Hang]);
    let mut host = machine(&server);
    host.set("BITTENSOR_NETWORK", "no such network");
    host.horde(&["set-weights"]).code(2);
    host.set("SENTRY_DSN", "http://127.0.0.1:1/without-a-key");
    host.horde(&["evict"])
        .success()
        .stderr(contains("SENTRY_DSN is not an address of Sentry"));
}
