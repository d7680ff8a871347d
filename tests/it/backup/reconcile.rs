//! A restored database meets the chain: what was written after the backup is not written again,
//! what was not is written in time. And another server that writes with the same hotkey is told.

use horde_validator::devnet::node::{CommitScheme, Node};
use horde_validator::store::WeightsState;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::host::{self, Host};

const SCORES: [(u16, f64); 2] = [(2, 1.0), (3, 2.0)];
const OTHER_SCORES: [(u16, f64); 2] = [(2, 3.0), (3, 1.0)];

/// Weights of a first batch are on chain, a second batch is due, and backed up.
fn backed_up_while_due() -> (Node, Host) {
    let node = host::start(host::chain(CommitScheme::Off));
    let host = Host::on(&node);
    host.finish_batch(&node, &SCORES);
    host.horde(&["set-weights"]).success();
    node.produce_blocks(20);
    host.finish_batch(&node, &OTHER_SCORES);
    host.horde(&["backup-db"]).success();
    (node, host)
}

fn writes(node: &Node) -> usize {
    node.ledger().len()
}

#[test]
fn weights_that_were_set_after_the_backup_are_not_set_again() {
    let (node, host) = backed_up_while_due();
    host.horde(&["set-weights"]).success();
    assert_eq!(writes(&node), 2);
    node.produce_blocks(20);
    host.horde(&["restore-db"]).success();
    host.horde(&["status"])
        .success()
        .stdout(contains("set-weights compares it with the chain first"));
    host.horde(&["set-weights"])
        .success()
        .stdout(contains("holds newer weights, written after the backup"));
    host.horde(&["set-weights"]).success();
    assert_eq!(writes(&node), 2);
    host.horde(&["status"]).success().stdout(
        contains("restored  ")
            .not()
            .and(contains("not from here").not()),
    );
    // and then as ever
    host.finish_batch(&node, &SCORES);
    host.horde(&["set-weights"]).success();
    assert_eq!(writes(&node), 3);
    assert_eq!(host.weights().state, WeightsState::Final);
}

#[test]
fn weights_that_were_due_and_never_set_are_set_after_the_restore() {
    let (node, host) = backed_up_while_due();
    host.horde(&["restore-db"]).success();
    host.horde(&["set-weights"]).success();
    assert_eq!(writes(&node), 2);
    assert_eq!(host.weights().state, WeightsState::Final);
    assert!(host.json(&["status"])["restored"].is_null());
}

#[test]
fn another_server_with_the_same_hotkey_is_told_once_it_has_written() {
    let (node, host) = backed_up_while_due();
    let other = Host::on(&node);
    other.finish_batch(&node, &SCORES);
    other.horde(&["set-weights"]).success();
    host.horde(&["set-weights"]).success();
    let red = contains("holds a write of this hotkey that is not from here");
    host.horde(&["status"])
        .success()
        .stdout(red.and(contains("let one server serve only")));
    // the first writes of a database say nothing about others
    other
        .horde(&["status"])
        .success()
        .stdout(contains("not from here").not());
}
