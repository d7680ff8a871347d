//! `horde doctor`: a healthy validator, and one fault after the other.

use std::time::Duration;

use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::bucket::{BucketConfig, BucketServer};
use horde_validator::devnet::node::{CommitScheme, Config, Node};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::Value;

use crate::host::{self, Host};

fn healthy() -> (Node, Host) {
    with(host::chain(CommitScheme::Epochs))
}

fn with(config: Config) -> (Node, Host) {
    let node = host::start(config);
    let host = Host::on(&node);
    (node, host)
}

/// The verdicts on one thing.
fn verdicts(host: &Host, what: &str) -> Vec<String> {
    let report = host.json(&["doctor"]);
    let findings = report["findings"].as_array().expect("a list").iter();
    let of_it = findings.filter(|finding| finding["what"] == what);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    of_it.map(|finding| text(&finding["verdict"])).collect()
}

#[test]
fn a_healthy_validator_has_nothing_wrong() {
    let (_node, host) = healthy();
    host.horde(&["doctor"]).success().stdout(
        contains("FAIL")
            .not()
            .and(contains("ok    registration   uid 0"))
            .and(contains("ok    stake          10000 TAO"))
            .and(contains("ok    permit"))
            .and(contains("ok    head"))
            .and(contains("warn  trusted miner"))
            .and(contains("warn  passes         none has ever run")),
    );
    assert_eq!(host.json(&["doctor"])["outcome"], "done");
}

#[test]
fn each_fault_is_found_and_fails() {
    let fails = |host: &Host, what: &str| {
        host.horde(&["doctor"])
            .code(1)
            .stdout(contains(format!("FAIL  {what}")));
        assert!(verdicts(host, what).contains(&"fail".to_owned()), "{what}");
    };
    let (_node, host) = healthy();
    std::fs::remove_file(host.hotkey_file()).expect("removed");
    fails(&host, "wallet");

    let (_node, host) = healthy();
    std::fs::write(host.database(), "no database at all, only text").expect("written");
    fails(&host, "database");

    let (node, host) = healthy();
    host.horde(&["set-weights"]).success();
    node.fault(|faults| faults.other_genesis = true);
    fails(&host, "genesis");

    let (node, host) = healthy();
    node.fault(|faults| faults.clock_behind = Duration::from_secs(600));
    node.produce_block();
    fails(&host, "head");

    let (_node, mut host) = healthy();
    host.set("BITTENSOR_NETWORK", "ws://127.0.0.1:1");
    fails(&host, "node");

    let mut config = host::chain(CommitScheme::Epochs);
    config.neurons[0].validator_permit = false;
    config.neurons[0].stake_tao = 999;
    let (_node, host) = with(config);
    fails(&host, "permit");
    fails(&host, "stake");

    let mut config = host::chain(CommitScheme::Epochs);
    config.neurons[0].hotkey = Account::miner(99).hotkey();
    let (_node, host) = with(config);
    fails(&host, "registration");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_is_asked_and_what_is_set_in_part_is_named() {
    let (_node, mut host) = healthy();
    let server = BucketServer::start(BucketConfig::default()).expect("a free port");
    for (name, value) in server.environment() {
        host.set(name, value);
    }
    host.set("S3_BUCKET_NAME_PROMPTS", "my-prompts");
    host.set("S3_BUCKET_NAME_ANSWERS", "my-answers");
    host.set("BACKUP_S3_BUCKET_NAME", "mybackups");
    host.set("TRUSTED_MINER_KEY", Account::miner(7).hotkey());
    host.set("TRUSTED_MINER_ADDRESS", "127.0.0.1");
    host.set("TRUSTED_MINER_PORT", 1);
    host.set("EMAIL_HOST", "127.0.0.1");
    host.horde(&["doctor"]).code(1).stdout(
        contains("FAIL  buckets        my-prompts does not exist")
            .and(contains("FAIL  backups on S3"))
            .and(contains("FAIL  trusted miner  127.0.0.1:1 does not answer"))
            .and(contains("FAIL  mail"))
            .and(contains("EMAIL_TARGET")),
    );
    for name in ["my-prompts", "my-answers"] {
        server.make_public(&name.parse().expect("a name"));
    }
    server.make_private(&"mybackups".parse().expect("a name"));
    host.set(
        "TRUSTED_MINER_PORT",
        server.url().rsplit(':').next().expect("a port"),
    );
    host.unset("EMAIL_HOST");
    host.horde(&["doctor"]).success().stdout(
        contains("my-answers is there")
            .and(contains("ok    backups on S3  0 can be restored"))
            .and(contains("ok    trusted miner")),
    );
}
