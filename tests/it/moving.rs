//! Moving to a new server, step by step as docs/moving.md says: what the old one has committed the
//! new one reveals, and nothing is written twice.

use horde_validator::devnet::node::{CommitScheme, Node, Outcome};
use horde_validator::store::WeightsState;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::host::{self, COMMIT_WINDOW, Host, START};

const SCORES: [(u16, f64); 2] = [(2, 1.0), (3, 2.0)];

fn written(node: &Node) -> Vec<&'static str> {
    let ledger = node.ledger();
    let succeeded = ledger
        .iter()
        .filter(|entry| entry.outcome == Outcome::Succeeded);
    succeeded.map(|entry| entry.call).collect()
}

#[test]
fn the_new_server_reveals_what_the_old_one_has_committed() {
    let node = host::start(host::chain(CommitScheme::Epochs));
    let old = Host::on(&node);
    let mut new = Host::new();
    new.set("BITTENSOR_NETWORK", node.url());
    new.set("MIGRATING", 1);
    new.horde(&["migrate"]).success();
    old.finish_batch(&node, &SCORES);
    node.produce_to(START + COMMIT_WINDOW.start);
    old.horde(&["set-weights"])
        .success()
        .stdout(contains("committed in block"));
    new.horde(&["set-weights"])
        .success()
        .stdout(contains("this server is not serving"));

    old.horde(&["serving", "off"]).success();
    old.horde(&["set-weights"])
        .success()
        .stdout(contains("this server is not serving"));
    let made = old.json(&["backup-db"]);
    let backup = made["backup"]["path"].as_str().expect("a path");
    let backup = old.path("").join(backup).display().to_string();
    new.horde(&["restore-db", &backup]).success();
    new.horde(&["set-weights"])
        .success()
        .stdout(contains("this server is not serving"));

    new.horde(&["serving", "on"]).success();
    new.unset("MIGRATING");
    let until = new.weights().reveal_from.expect("known");
    node.produce_to(until);
    old.horde(&["set-weights"]).success();
    new.horde(&["set-weights"]).success();
    assert_eq!(new.weights().state, WeightsState::Final);
    assert_eq!(written(&node), ["commit_weights", "reveal_weights"]);
    new.horde(&["status"]).success().stdout(
        contains("not from here")
            .not()
            .and(contains("serving    yes")),
    );
    old.horde(&["status"])
        .success()
        .stdout(contains("not serving: it is turned off"));
}
