//! `horde inspect`: from a weight back to the jobs that it was made of.

use std::collections::BTreeSet;

use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::node::CommitScheme;
use horde_validator::wire::event::{Event, EventSubtype, EventType};
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::{Value, json};

use crate::commands::{assert_documented, keys};
use crate::host::{self, COMMIT_WINDOW, Host, START};

/// Weights 1 are committed, from batch 1.
fn committed() -> Host {
    let node = host::start(host::chain(CommitScheme::Epochs));
    let host = Host::on(&node);
    host.finish_batch(&node, &[(2, 1.0), (3, 2.0), (4, 4.0)]);
    node.produce_to(START + COMMIT_WINDOW.start);
    host.horde(&["set-weights"]).success();
    host
}

fn hotkey(uid: usize) -> String {
    Account::miner(uid).hotkey().to_string()
}

#[test]
fn a_weight_leads_to_its_batch_to_its_job_and_to_the_rule() {
    let host = committed();
    let miner = hotkey(3);
    let history = host.json(&["inspect", "miner", &miner]);
    let weight = &history["weights"][0];
    assert_eq!(
        (&weight["weights"], &weight["weight"]),
        (&json!(1), &json!(32_768))
    );
    assert_eq!(weight["reason"], "its share of the scores");
    assert_eq!(history["batches"][0]["weights"], 1);

    let weights = host.json(&["inspect", "weights", "1", "--miner", &miner]);
    assert_eq!(weights["batch"], 1);
    assert_eq!(weights["miners"][0]["percent"], 28.57);
    let share = &weights["shares"][0];
    let number = |name: &str| share[name].as_f64().expect("a number");
    let part = number("class_weight") * number("aggregate") / number("total");
    assert_eq!(number("share"), part);
    assert_eq!(
        weights["miners"][0]["score"], share["share"],
        "of one class alone"
    );
    assert_eq!(weights["jobs"].as_array().map(Vec::len), Some(1));

    let uuid = weights["jobs"][0]["job"]
        .as_str()
        .expect("a uuid")
        .to_owned();
    let job = host.json(&["inspect", "job", &uuid]);
    assert_eq!(
        (&job["hotkey"], &job["weights"]),
        (&json!(miner), &json!(1))
    );
    assert!(
        job["rule"]
            .as_str()
            .is_some_and(|rule| rule.contains("weights version"))
    );

    let batch = host.json(&["inspect", "batch", "1", "--miner", &miner]);
    assert_eq!(batch["jobs"][0]["job"], uuid);
    assert_eq!(batch["miners"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_salt_is_shown_only_once_its_weights_are_open() {
    let host = committed();
    let row = host.weights();
    assert!(!row.salt.is_empty(), "{row:?}");
    let shown = || host.json(&["inspect", "weights", "1"])["salt"].clone();
    assert_eq!(shown(), Value::Null);
    let text = host.horde(&["inspect", "weights", "1"]).success();
    text.stdout(contains("salt").not());
    let (kind, subtype) = (EventType::WeightSettingSuccess, EventSubtype::Success);
    let event = Event::new(kind, subtype, chrono::Utc::now(), "");
    let mut store = host.store();
    store.weights_final(row.id, 1, &event).expect("kept");
    assert_eq!(shown(), json!(row.salt));
}

#[test]
fn lists_show_what_was_asked_for_and_no_more() {
    let host = committed();
    let rows = |arguments: &[&str], table: &str| {
        let found = host.json(&[&["inspect"], arguments].concat());
        found[table].as_array().expect("a table").len()
    };
    assert_eq!(rows(&["job"], "jobs"), 3);
    assert_eq!(rows(&["job", "--limit", "2"], "jobs"), 2);
    assert_eq!(rows(&["job", "--miner", &hotkey(2)], "jobs"), 1);
    assert_eq!(rows(&["job", "--outcome", "wrong"], "jobs"), 0);
    assert_eq!(rows(&["job", "--outcome", "completed"], "jobs"), 3);
    assert_eq!(rows(&["job", "--until", "1h"], "jobs"), 0);
    assert_eq!(rows(&["job", "--since", "1h"], "jobs"), 3);
    assert_eq!(rows(&["weights", "--outcome", "placed"], "weights"), 1);
    assert_eq!(rows(&["batch", "--outcome", "missed"], "batches"), 0);
    assert_eq!(rows(&["passes", "--name", "set-weights"], "passes"), 1);
    assert_eq!(rows(&["organic"], "organic_jobs"), 0);
    assert_eq!(rows(&["receipts"], "receipts"), 0);
    let text = host.horde(&["inspect", "job", "--limit", "2"]).success();
    text.stdout(contains("the newest 2; more with --limit"));
    let text = host.horde(&["inspect", "organic"]).success();
    text.stdout("no organic jobs\n");
    let csv = host.horde(&["inspect", "passes", "--csv"]).success();
    csv.stdout(predicate::str::starts_with(
        "pass,name,started_at,seconds,outcome,summary\n1,",
    ));
    // a flag that would not be obeyed is refused
    for arguments in [
        &["batch", "1", "--limit", "3"][..],
        &["weights", "--miner", &hotkey(2)],
    ] {
        host.horde(&[&["inspect"], arguments].concat()).code(2);
    }
}

#[test]
fn what_is_not_there_is_said_with_what_to_do() {
    let host = committed();
    for (arguments, advice) in [
        (["batch", "77"], "horde inspect batch"),
        (["weights", "77"], "horde inspect weights"),
        (["job", "' OR 1"], "horde inspect job"),
        (["organic", "x"], "horde inspect organic"),
        (["events", "99999"], "horde inspect events"),
        (["passes", "99999"], "horde inspect passes"),
        (["receipts", "x"], "horde inspect receipts"),
        (["miner", &hotkey(99)], "horde miners"),
    ] {
        let run = host.horde(&["inspect", arguments[0], arguments[1]]).code(1);
        run.stderr(contains("nothing").and(contains(advice)));
    }
    let run = host.horde(&["inspect", "batch", "1", "--miner", &hotkey(99)]);
    run.code(1).stderr(contains("has no part in batch 1"));
}

#[test]
fn every_key_is_documented() {
    let host = committed();
    let mut found = BTreeSet::new();
    let miner = hotkey(2);
    for arguments in [
        &["batch"][..],
        &["batch", "1", "--miner", &miner],
        &["job"],
        &["job", "1-2"],
        &["miner", &miner],
        &["weights"],
        &["weights", "1", "--miner", &miner],
        &["organic"],
        &["events"],
        &["receipts"],
        &["passes"],
        &["passes", "1"],
    ] {
        keys(&host.json(&[&["inspect"], arguments].concat()), &mut found);
    }
    assert_documented(&found);
}
