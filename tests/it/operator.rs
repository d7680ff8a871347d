//! What an operator decides by hand: parameters that are pinned, whether this server takes part,
//! and which miners get no jobs of users.

use assert_cmd::assert::Assert;
use chrono::{DateTime, Utc};
use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::node::CommitScheme;
use horde_validator::params::Source;
use horde_validator::store::NeuronRow;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::{Value, json};

use crate::host::{self, Host};

fn new_host() -> Host {
    let host = Host::new();
    host.horde(&["migrate"]).success();
    host
}

fn past() -> DateTime<Utc> {
    "2024-10-01T12:30:59Z".parse().expect("a time")
}

fn publish(host: &Host, name: &str, value: Value) {
    let mut store = host.store();
    store
        .publish_params(&[(name, value)], past())
        .expect("kept");
}

fn shown(run: &Assert) -> String {
    String::from_utf8_lossy(&run.get_output().stdout).into_owned()
}

/// Snapshots show no times while this is held.
#[must_use]
fn without_times() -> impl Drop {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "[time]");
    settings.bind_to_scope()
}

// parameters

#[test]
fn params_shows_every_value_and_where_it_comes_from() {
    let _times = without_times();
    let host = new_host();
    publish(&host, "DYNAMIC_WEIGHTS_VERSION", json!(4));
    publish(&host, "DYNAMIC_MAX_WEIGHT", json!(100));
    host.pin("DYNAMIC_WEIGHTS_VERSION", 3);
    let run = host.horde(&["params"]).success();
    let text = shown(&run);
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    insta::assert_snapshot!(text, @r"
    SERVING                                                true
      default    take part: run batches, set weights, take jobs of users
    DYNAMIC_MANIFEST_SCORE_MULTIPLIER                      1.05
      default    factor on the scores of a horde that has danced
    DYNAMIC_MANIFEST_DANCE_RATIO_THRESHOLD                 1.4
      default    ratio of two horde sizes that counts as a dance
    DYNAMIC_WEIGHTS_VERSION                                3
      pinned     which synthetic jobs are sent and how they are scored
                 since [time]
                 hides what is published since [time]:
                 4
    DYNAMIC_SYNTHETIC_JOBS_FLOW_VERSION                    1
      default    kept, without effect
    DYNAMIC_SYNTHETIC_JOBS_PLANNER_WAIT_IN_ADVANCE_BLOCKS  3
      default    blocks before its start at which a batch is picked up
    DYNAMIC_SYNTHETIC_JOBS_PLANNER_POLL_INTERVAL           4
      default    seconds between looks at the height of the chain
    DYNAMIC_SYNTHETIC_JOBS_PLANNER_MAX_OVERSLEEP_BLOCKS    3
      default    blocks after its start until which a batch may still begin
    DYNAMIC_BLOCK_FINALIZATION_NUMBER                      3
      default    blocks from the one whose hash shuffles the validators to the cycle
    DYNAMIC_COMMIT_REVEAL_WEIGHTS_ENABLED                  true
      default    commit and reveal weights instead of setting them
    DYNAMIC_COMMIT_REVEAL_WEIGHTS_INTERVAL                 722
      default    blocks of one commit and reveal interval
    DYNAMIC_COMMIT_REVEAL_COMMIT_START_OFFSET              361
      default    blocks from the interval's start to its commit window
    DYNAMIC_COMMIT_REVEAL_COMMIT_END_BUFFER                15
      default    blocks left free after the commit window
    DYNAMIC_COMMIT_REVEAL_REVEAL_END_BUFFER                15
      default    blocks left free after the reveal window
    DYNAMIC_MAX_WEIGHT                                     100
      published  the largest committed weight
                 since [time]
    DYNAMIC_WEIGHT_REVEALING_TTL                           120
      default    seconds for one attempt to reveal
    DYNAMIC_WEIGHT_REVEALING_HARD_TTL                      125
      default    not used: an attempt to reveal ends by REVEALING_TTL
    DYNAMIC_WEIGHT_REVEALING_ATTEMPTS                      50
      default    attempts to reveal
    DYNAMIC_WEIGHT_REVEALING_FAILURE_BACKOFF               5
      default    seconds between attempts to reveal
    DYNAMIC_MAX_PROMPT_SERIES                              3500
      default    prompt series that are kept
    DYNAMIC_TARGET_NUMBER_OF_PROMPT_SAMPLES_READY          1536
      default    answered prompt samples kept in store
    DYNAMIC_NUMBER_OF_PROMPTS_PER_WORKLOAD                 240
      default    prompts in one workload for the trusted miner
    DYNAMIC_PROMPTS_SERIES_IN_A_SINGLE_GENERATION          25
      default    series asked for in one generation
    DYNAMIC_NUMBER_OF_PROMPTS_IN_SERIES                    240
      default    prompts in one series
    DYNAMIC_NUMBER_OF_PROMPTS_TO_SAMPLE_FROM_SERIES        1
      default    prompts of a series whose answers are compared
    DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS                  always_on.llm.a6000=2
      default    executors of a class that count for one miner
    DYNAMIC_EXECUTOR_CLASS_WEIGHTS
                 spin_up-4min.gpu-24gb=99,always_on.llm.a6000=1
      default    weight of each executor class
    ");
}

#[test]
fn params_as_json_has_every_parameter() {
    let host = new_host();
    publish(&host, "DYNAMIC_WEIGHTS_VERSION", json!(4));
    host.pin("DYNAMIC_WEIGHTS_VERSION", 3);
    let document = host.json(&["params"]);
    assert_eq!(document.as_object().expect("an object").len(), 27);
    let version = &document["DYNAMIC_WEIGHTS_VERSION"];
    assert_eq!(version["value"], 3);
    assert_eq!(version["source"], "pinned");
    assert_eq!(
        version["published"],
        json!({"value": 4, "since": "2024-10-01T12:30:59Z"})
    );
    assert_eq!(document["SERVING"]["value"], true);
    assert_eq!(document["SERVING"]["since"], Value::Null);
}

#[test]
fn a_parameter_is_pinned_and_unpinned() {
    let _times = without_times();
    let host = new_host();
    let name = "DYNAMIC_EXECUTOR_CLASS_WEIGHTS";
    publish(&host, name, json!("always_on.gpu-24gb=7"));
    let pinned = host.horde(&["params", "pin", name, "always_on.gpu-24gb=5"]);
    insta::assert_snapshot!(shown(&pinned.success()), @r"
    DYNAMIC_EXECUTOR_CLASS_WEIGHTS
      before  always_on.gpu-24gb=7 (published)
      now     always_on.gpu-24gb=5 (pinned)
    ");
    let document = host.json(&["params", "pin", name, "always_on.gpu-24gb=5"]);
    assert_eq!(
        document,
        json!({
            "name": name,
            "before": {"value": "always_on.gpu-24gb=5", "source": "pinned"},
            "now": {"value": "always_on.gpu-24gb=5", "source": "pinned"},
            "changed": false,
            "idle": [],
        })
    );
    let unpinned = host.horde(&["params", "unpin", name]).success();
    insta::assert_snapshot!(shown(&unpinned), @r"
    DYNAMIC_EXECUTOR_CLASS_WEIGHTS
      before  always_on.gpu-24gb=5 (pinned)
      now     always_on.gpu-24gb=7 (published)
    ");
    let again = host.horde(&["params", "unpin", name]).success();
    insta::assert_snapshot!(shown(&again), @r"
    DYNAMIC_EXECUTOR_CLASS_WEIGHTS is not pinned
    DYNAMIC_EXECUTOR_CLASS_WEIGHTS
      before  always_on.gpu-24gb=7 (published)
      now     always_on.gpu-24gb=7 (published)
    ");
}

#[test]
fn a_mistyped_class_of_executors_is_pointed_at() {
    let host = new_host();
    let name = "DYNAMIC_EXECUTOR_CLASS_WEIGHTS";
    let text = "always_on.gpu-24gb=5,always_on.gpu24gb=5";
    host.horde(&["params", "pin", name, text])
        .success()
        .stdout(contains("  ! `always_on.gpu24gb=5` counts for nothing"));
}

#[test]
fn a_published_text_cannot_move_the_cursor() {
    let host = new_host();
    let name = "DYNAMIC_EXECUTOR_CLASS_WEIGHTS";
    publish(&host, name, json!("\u{1b}[2Jx=1\n"));
    for arguments in [&["params"][..], &["params", "pin", name, "y=1"]] {
        host.horde(arguments)
            .success()
            .stdout(contains("?[2Jx=1?").and(contains("\u{1b}").not()));
    }
}

#[test]
fn a_pinned_value_is_read_by_its_kind() {
    let host = new_host();
    for (name, text, value) in [
        ("SERVING", "Off", json!(false)),
        ("DYNAMIC_COMMIT_REVEAL_WEIGHTS_ENABLED", "0", json!(false)),
        ("DYNAMIC_MAX_WEIGHT", "12", json!(12)),
        ("DYNAMIC_MANIFEST_SCORE_MULTIPLIER", "2", json!(2.0)),
        ("DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS", "", json!("")),
    ] {
        let document = host.json(&["params", "pin", name, text]);
        assert_eq!(document["now"], json!({"value": value, "source": "pinned"}));
    }
}

#[test]
fn a_wrong_name_or_value_is_refused_and_changes_nothing() {
    let host = new_host();
    for (name, value, said) in [
        (
            "DYNAMIC_WEIGHT_VERSION",
            "4",
            "there is no parameter `DYNAMIC_WEIGHT_VERSION`, did you mean `DYNAMIC_WEIGHTS_VERSION`?",
        ),
        ("MAX_WEIGHT", "4", "did you mean `DYNAMIC_MAX_WEIGHT`?"),
        ("nothing", "4", "there is no parameter `nothing`\n"),
        (
            "DYNAMIC_WEIGHTS_VERSION",
            "5",
            "DYNAMIC_WEIGHTS_VERSION must be a whole number from 0 to 4, not `5`",
        ),
        (
            "DYNAMIC_WEIGHTS_VERSION",
            "-1",
            "must be a whole number from 0 to 4, not `-1`",
        ),
        ("SERVING", "perhaps", "SERVING must be true or false"),
        (
            "DYNAMIC_MANIFEST_SCORE_MULTIPLIER",
            "1,05",
            "must be a number from 0 to 1000, not `1,05`",
        ),
        (
            "DYNAMIC_EXECUTOR_CLASS_WEIGHTS",
            &"x".repeat(4097),
            "must be a text of at most 4096 bytes",
        ),
    ] {
        host.horde(&["params", "pin", name, value])
            .code(2)
            .stderr(contains(said).and(contains("try: `horde params` shows every parameter")));
    }
    host.horde(&["params", "unpin", "DYNAMIC_MAX_WEIGTH"])
        .code(2)
        .stderr(contains("did you mean `DYNAMIC_MAX_WEIGHT`?"));
    let wrong = host.json(&["params", "pin", "X", "1"]);
    assert_eq!(wrong["exit_code"], 2);
    assert!(host.store().params().expect("readable").is_empty());
}

// serving

#[test]
fn serving_is_turned_off_and_on() {
    let _times = without_times();
    let host = new_host();
    let said = |arguments: &[&str]| shown(&host.horde(arguments).success());
    insta::assert_snapshot!(said(&["serving"]), @r"
    serving is on: that is the default
    this server runs batches, sets weights and takes jobs of users
    ");
    insta::assert_snapshot!(said(&["serving", "off"]), @r"
    serving is now off: pinned since [time]
    this server runs no batches, sets no weights and takes no jobs of users
    ");
    insta::assert_snapshot!(said(&["serving", "off"]), @r"
    serving was already off: pinned since [time]
    this server runs no batches, sets no weights and takes no jobs of users
    ");
    host.horde(&["status"]).success().stdout(
        contains("serving    NO")
            .and(contains("! not serving: it is turned off"))
            .and(contains("-> `horde serving on`")),
    );
    host.horde(&["run-synthetic"])
        .success()
        .stdout(contains("not serving"));
    insta::assert_snapshot!(said(&["serving", "on"]), @r"
    serving is now on: pinned since [time]
    this server runs batches, sets weights and takes jobs of users
    ");
    let stored = host.store().params().expect("readable");
    assert_eq!((stored.len(), stored[0].source), (1, Source::Pinned));
}

#[test]
fn a_migrating_server_serves_once_it_is_told_to() {
    let mut host = new_host();
    host.set("MIGRATING", 1);
    let run = host.horde(&["serving"]).success();
    insta::assert_snapshot!(shown(&run), @r"
    serving is off: MIGRATING is set
    this server runs no batches, sets no weights and takes no jobs of users
    ");
    let document = host.json(&["serving"]);
    assert_eq!(
        document,
        json!({
            "serving": false, "source": "default", "since": null, "migrating": true,
            "changed": false,
        })
    );
    let document = host.json(&["serving", "on"]);
    assert_eq!(document["changed"], true);
    assert_eq!(document["serving"], true);
    assert_eq!(host.json(&["status"])["serving"], true);
    host.horde(&["serving", "perhaps"])
        .code(2)
        .stderr(contains("[possible values: on, off]"));
}

// miners

fn neuron(uid: u16, axon: Option<(&str, u16)>) -> NeuronRow {
    NeuronRow {
        uid,
        hotkey: miner(uid),
        axon: axon.map(|(host, port)| (host.to_owned(), port)),
        stake_rao: 0,
        has_permit: false,
    }
}

fn miner(uid: u16) -> String {
    Account::miner(uid.into()).hotkey().to_string()
}

#[test]
fn miners_shows_who_is_known_and_blocked_and_how_they_did() {
    let _times = without_times();
    let node = host::start(host::chain(CommitScheme::Off));
    let host = Host::on(&node);
    let run = host.horde(&["miners"]).success();
    insta::assert_snapshot!(shown(&run), @r"
     uid  hotkey                                               jobs  address
    the chain was not read yet: `horde run-synthetic` does so
    ");
    host.finish_batch(&node, &[(2, 1.0), (3, 2.0), (9, 1.0)]);
    let neurons = [
        neuron(3, Some(("2001:db8::1", 8000))),
        neuron(2, Some(("192.0.2.7", 8000))),
        neuron(4, None),
    ];
    let mut store = host.store();
    store.keep_neurons(&neurons, 7, past()).expect("kept");
    store
        .block_miner(&miner(2), "slow", past())
        .expect("blocked");
    let run = host.horde(&["miners"]).success();
    insta::assert_snapshot!(shown(&run), @r"
     uid  hotkey                                               jobs  address
       2  5Dfis6XL8J2P6JHUnUtArnFWndn62SydeP8ee8sG2ky9nfm9      1/1  192.0.2.7:8000
          blocked since [time]: slow
       3  5F4H97f7nQovyrbiq4ZetaaviNwThSVcFobcA5aGab6167dK      1/1  [2001:db8::1]:8000
       -  5CVKn7HAZW1Ky4r7Vkgsr7VEW88C2sHgUNDiwHY9Ct2hjU8q      1/1  -
    as of block 7, read [time]
    ");
    let document = host.json(&["miners"]);
    assert_eq!(document["seen"]["block"], 7);
    assert_eq!(
        document["miners"][0],
        json!({
            "uid": 2, "hotkey": miner(2), "address": "192.0.2.7:8000",
            "blocked": {"reason": "slow", "since": "2024-10-01T12:30:59Z"},
            "jobs": 1, "succeeded": 1,
        })
    );
    assert_eq!(document["miners"][2]["uid"], Value::Null);
}

#[test]
fn a_miner_is_blocked_and_unblocked() {
    let host = new_host();
    let hotkey = miner(2);
    let said = |arguments: &[&str]| shown(&host.horde(arguments).success());
    insta::assert_snapshot!(said(&["miners", "block", &hotkey, "--reason", "slow"]), @r"
    5Dfis6XL8J2P6JHUnUtArnFWndn62SydeP8ee8sG2ky9nfm9 is now blocked
    it gets no jobs of users, and is still tested in batches
    ");
    let first = host.store().blocked_miners().expect("readable");
    // its date and its reason stay
    insta::assert_snapshot!(said(&["miners", "block", &hotkey]), @r"
    5Dfis6XL8J2P6JHUnUtArnFWndn62SydeP8ee8sG2ky9nfm9 was already blocked
    it gets no jobs of users, and is still tested in batches
    ");
    assert_eq!(host.store().blocked_miners().expect("readable"), first);
    let document = host.json(&["miners", "block", &hotkey, "--reason", "late"]);
    assert_eq!(
        document,
        json!({"hotkey": hotkey, "blocked": true, "reason": "late", "changed": false})
    );
    insta::assert_snapshot!(said(&["miners", "unblock", &hotkey]), @"5Dfis6XL8J2P6JHUnUtArnFWndn62SydeP8ee8sG2ky9nfm9 is now free to get jobs of users");
    insta::assert_snapshot!(said(&["miners", "unblock", &hotkey]), @"5Dfis6XL8J2P6JHUnUtArnFWndn62SydeP8ee8sG2ky9nfm9 was already free to get jobs of users");
    assert!(host.store().blocked_miners().expect("readable").is_empty());
}

#[test]
fn what_is_no_hotkey_cannot_be_blocked() {
    let host = new_host();
    let mistyped = miner(2).replace("5D", "5E");
    // of another network
    let other = "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5";
    for hotkey in [&mistyped, other, "", "alice"] {
        for act in ["block", "unblock"] {
            host.horde(&["miners", act, hotkey])
                .code(2)
                .stderr(contains("HOTKEY"));
        }
    }
    host.horde(&["miners", "block", &mistyped])
        .code(2)
        .stderr(contains("not an ss58 address with prefix 42"));
}

#[test]
fn nothing_is_decided_without_a_database() {
    let host = Host::new();
    for arguments in [&["params"][..], &["serving", "on"], &["miners"]] {
        host.horde(arguments)
            .code(2)
            .stderr(contains("horde migrate"));
    }
    assert!(!host.database().exists());
}
