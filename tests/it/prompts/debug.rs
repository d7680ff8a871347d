//! `horde debug-run prompts`.

use horde_validator::devnet::miner::{Behaviour, Cheat, Miner, answer};
use predicates::prelude::*;
use predicates::str::contains;

use super::scene::{LLM, start_miner};
use crate::host::Host;
use crate::shelf::Shelf;

const RUN: [&str; 6] = [
    "debug-run",
    "prompts",
    "--prompts",
    "prompts.txt",
    "--seed",
    "7",
];

fn host(miner: &Miner, shelf: &Shelf) -> Host {
    let mut host = Host::new();
    host.set("DEBUG_MINER_KEY", miner.hotkey());
    host.set("DEBUG_MINER_ADDRESS", miner.address().ip());
    host.set("DEBUG_MINER_PORT", miner.address().port());
    for (name, value) in shelf.settings() {
        host.set(name, value);
    }
    std::fs::write(host.path("prompts.txt"), "one?\ntwo?\n").expect("written");
    let known = serde_json::json!({"one?": answer("one?", 7)}).to_string();
    std::fs::write(host.path("answers.json"), known).expect("written");
    host
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_shown_and_compared() {
    let shelf = Shelf::start();
    let miner = start_miner(2, vec![(LLM, 1)], Behaviour::Honest);
    let host = host(&miner, &shelf);
    host.horde(&RUN)
        .success()
        .stdout(contains("--- answered: two?").and(contains(answer("two?", 7))));
    let check = [&RUN[..], &["--expect", "answers.json", "--check"]].concat();
    host.horde(&check)
        .success()
        .stdout(contains("--- same: one?"));
    let document = host.json(&check);
    assert_eq!(document["answers"][0]["result"], "same");
    assert_eq!(document["answers"][1]["expected"], serde_json::Value::Null);
    assert!(!host.database().exists(), "nothing is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_fails_where_an_answer_is_not_good() {
    let shelf = Shelf::start();
    for (cheat, said) in [
        (Cheat::WrongAnswers, "1 of 2 answers are not good"),
        (Cheat::OneMissing, "1 of 2 answers are not good"),
        (Cheat::NoUpload, "status 404"),
    ] {
        let miner = start_miner(2, vec![(LLM, 1)], Behaviour::Cheats(cheat));
        let host = host(&miner, &shelf);
        let check = [&RUN[..], &["--expect", "answers.json", "--check"]].concat();
        host.horde(&check).code(1).stderr(contains(said));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_named() {
    let shelf = Shelf::start();
    let miner = start_miner(2, vec![(LLM, 1)], Behaviour::Honest);
    let mut host = host(&miner, &shelf);
    let wrong = [&RUN[..], &["--expect", "prompts.txt"]].concat();
    host.horde(&wrong).code(2).stderr(contains("prompts.txt"));
    for (name, _) in shelf.settings() {
        host.unset(name);
    }
    host.horde(&RUN)
        .code(2)
        .stderr(contains("S3_BUCKET_NAME_ANSWERS"));
}
