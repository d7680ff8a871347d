//! Bad nights: from a red status to the cause and the cure in three commands.

use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::node::{CommitScheme, Hyperparameters};
use predicates::prelude::*;
use predicates::str::contains;

use crate::host::{self, Host};

/// The first problem of the status, with what to do.
fn red(host: &Host) -> (String, String) {
    let problem = host.json(&["status"])["problems"][0].clone();
    let text = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
    (text("what"), text("to_do"))
}

/// The status names the pass and leads to the doctor, who names what is broken and what to change.
fn doctor_finds(host: &Host, pass: &str, broken: &str, cure: &str) {
    let (what, to_do) = red(host);
    assert!(what.starts_with(pass), "{what}");
    assert!(to_do.contains("`horde doctor`"), "{to_do}");
    let run = host.horde(&["doctor"]).code(1);
    run.stdout(contains(format!("FAIL  {broken}")).and(contains(cure)));
}

#[test]
fn the_node_is_down() {
    let node = host::start(host::chain(CommitScheme::Epochs));
    let mut host = Host::on(&node);
    host.set("BITTENSOR_NETWORK", "ws://127.0.0.1:9");
    host.horde(&["set-weights"]).code(75);
    doctor_finds(&host, "set-weights", "node", "BITTENSOR_NETWORK");
}

#[test]
fn the_trusted_miner_is_gone() {
    let node = host::start(host::chain(CommitScheme::Epochs));
    let mut host = Host::on(&node);
    host.set("TRUSTED_MINER_KEY", Account::miner(2).hotkey());
    host.set("TRUSTED_MINER_ADDRESS", "127.0.0.1");
    host.set("TRUSTED_MINER_PORT", 9);
    host.set("S3_BUCKET_NAME_PROMPTS", "prompts");
    host.set("S3_BUCKET_NAME_ANSWERS", "answers");
    host.set("AWS_ACCESS_KEY_ID", "nobody");
    host.set("AWS_SECRET_ACCESS_KEY", "nothing");
    host.set("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    host.horde(&["prompts", "generate"]).code(75);
    doctor_finds(
        &host,
        "prompts-generate",
        "trusted miner",
        "check that it runs there",
    );
}

#[test]
fn a_backup_fails() {
    let node = host::start(host::chain(CommitScheme::Epochs));
    let mut host = Host::on(&node);
    host.horde(&["migrate"]).success();
    host.set(
        "BACKUP_DIRECTORY",
        host.path("horde.db").join("backups").display(),
    );
    host.horde(&["backup-db"]).failure();
    doctor_finds(&host, "backup-db", "backup disk", "is no folder");
}

#[test]
fn weights_come_too_soon_for_the_chain() {
    let mut config = host::chain(CommitScheme::Off);
    config.hyperparameters = Hyperparameters {
        weights_rate_limit: 500,
        ..config.hyperparameters
    };
    let node = host::start(config);
    let host = Host::on(&node);
    host.finish_batch(&node, &[(2, 1.0)]);
    host.horde(&["set-weights"]).success();
    host.finish_batch(&node, &[(2, 1.0)]);
    // nothing is broken: the status tells what is waited for
    host.horde(&["set-weights"]).success();
    host.horde(&["status"])
        .success()
        .stdout(contains("the subnet's rate limit").and(contains("all is well")));
    let passes = host.json(&["inspect", "passes", "--name", "set-weights"]);
    let summary = passes["passes"][0]["summary"].as_str().unwrap_or_default();
    assert!(
        summary.contains("rate limit allows the next write at block"),
        "{summary}"
    );
}

#[test]
fn a_miner_cheats() {
    let node = host::start(host::chain(CommitScheme::Off));
    let host = Host::on(&node);
    host.finish_batch(&node, &[(2, 1.0), (3, 1.0)]);
    let cheat = Account::miner(3).hotkey().to_string();
    let db = rusqlite::Connection::open(host.database()).expect("it opens");
    let wrong = [
        "UPDATE jobs SET status = 'FAILED', correct = 0, score = 0 WHERE hotkey = ?1",
        "UPDATE batch_miners SET online = 0 WHERE hotkey = ?1",
    ];
    for change in wrong {
        assert_eq!(db.execute(change, [&cheat]).expect("changed"), 1);
    }

    host.horde(&["status"])
        .success()
        .stdout(contains("1/2 jobs succeeded, 1 wrong"));
    let jobs = host.json(&["inspect", "job", "--outcome", "wrong"])["jobs"].clone();
    assert_eq!(jobs.as_array().map(Vec::len), Some(1));
    assert_eq!(jobs[0]["hotkey"], cheat);
    host.horde(&["miners", "block", &cheat])
        .success()
        .stdout(contains("it gets no jobs of users"));
}
