//! `horde set-weights` from a finished batch to weights in force, in every generation of the
//! chain, and what it does when something changes on the way.

use std::time::Duration;

use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::node::{
    CommitScheme, Config, Node, Outcome, PoolRefusal, Production, SubmitFault,
};
use horde_validator::store::{Way, WeightsState};
use predicates::prelude::*;
use predicates::str::contains;

use crate::host::{self, COMMIT_WINDOW, CYCLE, FIRST_MINER, Host, START, VALIDATOR, miner, poll};

/// Scores of three miners, and the weights that they make on chain.
const SCORES: [(u16, f64); 3] = [(2, 1.0), (3, 2.0), (4, 4.0)];
const WEIGHTS: [(u16, u16); 3] = [(2, 16_384), (3, 32_768), (4, 65_535)];

/// A chain with a finished batch, in the first block in which weights may be placed.
fn with_weights_due(scheme: CommitScheme) -> (Node, Host) {
    let node = host::start(host::chain(scheme));
    let host = Host::on(&node);
    host.finish_batch(&node, &SCORES);
    if scheme != CommitScheme::Off {
        node.produce_to(START + COMMIT_WINDOW.start);
    }
    (node, host)
}

/// Decides weights that the pool does not take: they are on disk only.
fn decide_only(node: &Node, host: &Host) {
    node.fault(|faults| {
        let refusal = SubmitFault::Refuse(PoolRefusal::PriorityTooLow);
        faults.submits.push_back(refusal);
    });
    host.horde(&["set-weights"])
        .code(75)
        .stderr(contains("PriorityTooLow"));
    assert_eq!(host.weights().state, WeightsState::Decided);
}

/// Weights in force that are not zero, by uid.
fn in_force(node: &Node) -> Vec<(u16, u16)> {
    let mut weights = node.weights_of(VALIDATOR);
    weights.retain(|(_, weight)| *weight > 0);
    weights.sort_unstable();
    weights
}

fn successes(node: &Node) -> Vec<&'static str> {
    let ledger = node.ledger();
    ledger
        .iter()
        .filter(|entry| entry.outcome == Outcome::Succeeded)
        .map(|entry| entry.call)
        .collect()
}

fn committed_weights_are_in_force_after_their_reveal(scheme: CommitScheme) {
    let (node, host) = with_weights_due(scheme);
    host.horde(&["set-weights"])
        .success()
        .stdout(contains("weights 1 committed in block"));
    let row = host.weights();
    assert_eq!((row.way, row.state), (Way::Hash, WeightsState::Placed));
    let window = (
        row.reveal_from.expect("known"),
        row.reveal_until.expect("known"),
    );
    let [commit] = &node.commits_of(&Account::validator().hotkey())[..] else {
        panic!("one commit on chain")
    };
    let horde_validator::devnet::node::Commit::Hash { window: theirs, .. } = commit else {
        panic!("a hash: {commit:?}")
    };
    assert_eq!(window, *theirs, "the window is the chain's");

    host.horde(&["set-weights"])
        .success()
        .stdout(contains("no weights are due"));
    // the reveal lands in the block after the head
    node.produce_to(window.0 - 2);
    host.horde(&["set-weights"]).success();
    assert_eq!(successes(&node), ["commit_weights"], "too early to reveal");
    node.produce_block();
    host.horde(&["set-weights"])
        .success()
        .stdout(contains("weights 1 revealed, 3 uids, read back from block"));
    assert_eq!(successes(&node), ["commit_weights", "reveal_weights"]);
    assert_eq!(host.weights().state, WeightsState::Final);
    assert_eq!(in_force(&node), WEIGHTS);
}

#[test]
fn plain_weights_are_set_once_and_read_back() {
    let (node, host) = with_weights_due(CommitScheme::Off);
    host.horde(&["set-weights"])
        .success()
        .stdout(contains("weights 1 set in block").and(contains("read back from block")));
    assert_eq!(host.weights().state, WeightsState::Final);
    assert_eq!(in_force(&node), WEIGHTS);
    host.horde(&["set-weights"])
        .success()
        .stdout(contains("no weights are due"));
    assert_eq!(successes(&node), ["set_weights"]);
}

#[test]
fn a_hash_committed_in_one_interval_of_blocks_is_revealed_in_the_next() {
    committed_weights_are_in_force_after_their_reveal(CommitScheme::BlockIntervals);
}

#[test]
fn a_hash_committed_in_one_epoch_is_revealed_in_the_next() {
    committed_weights_are_in_force_after_their_reveal(CommitScheme::Epochs);
}

#[test]
fn a_time_locked_commit_is_opened_by_the_chain() {
    // rounds of the beacon come with the clock, so blocks have to as well
    let mut config = Config {
        production: Production::Timed,
        block_time: Duration::from_millis(50),
        ..host::chain(CommitScheme::Timelocked)
    };
    config.hyperparameters.tempo = 79;
    let node = host::start(config);
    let host = Host::on(&node);
    // a window that a busy machine does not miss
    host.pin("DYNAMIC_COMMIT_REVEAL_WEIGHTS_INTERVAL", 4000);
    host.pin("DYNAMIC_COMMIT_REVEAL_COMMIT_START_OFFSET", 1);
    host.finish_batch(&node, &SCORES);
    poll("the commit", Duration::from_secs(30), || {
        let run = host.horde(&["set-weights"]).success();
        let said = String::from_utf8_lossy(&run.get_output().stdout);
        said.contains("time-locked to round").then_some(())
    });
    assert_eq!(host.weights().way, Way::Timelock);
    poll("the chain's opening", Duration::from_secs(30), || {
        host.horde(&["set-weights"]).success();
        (host.weights().state == WeightsState::Final).then_some(())
    });
    assert_eq!(in_force(&node), WEIGHTS);
    assert_eq!(successes(&node), ["commit_timelocked_weights"]);
}

#[test]
fn nothing_is_committed_before_its_window_opens() {
    let node = host::start(host::chain(CommitScheme::Epochs));
    let host = Host::on(&node);
    host.finish_batch(&node, &SCORES);
    let opens = START + COMMIT_WINDOW.start;
    host.horde(&["set-weights"])
        .success()
        .stdout(contains(format!(
            "the commit window opens at block {opens}"
        )));
    node.produce_to(START + COMMIT_WINDOW.end);
    let opens = opens + CYCLE;
    host.horde(&["set-weights"])
        .success()
        .stdout(contains(format!(
            "the commit window opens at block {opens}"
        )));
    assert!(node.ledger().is_empty());
}

#[test]
fn the_newest_of_several_batches_makes_weights_and_the_older_ones_never_do() {
    let node = host::start(host::chain(CommitScheme::Off));
    let host = Host::on(&node);
    host.finish_batch(&node, &[(2, 1.0)]);
    host.finish_batch(&node, &[(3, 1.0)]);
    host.finish_batch(&node, &[(4, 1.0)]);
    let shown = host.json(&["set-weights", "--dry-run"]);
    assert_eq!(
        (&shown["batch"], &shown["superseded"]),
        (&3.into(), &[2, 1][..].into())
    );
    host.horde(&["set-weights"]).success();
    assert_eq!(in_force(&node), [(4, 65_535)]);
    host.horde(&["set-weights"])
        .success()
        .stdout(contains("no weights are due"));
}

#[test]
fn a_batch_from_before_an_outage_makes_weights_as_long_as_there_is_no_newer_one() {
    let (node, host) = with_weights_due(CommitScheme::Off);
    node.produce_blocks(3 * CYCLE);
    host.horde(&["set-weights"])
        .success()
        .stdout(contains("weights 1 set in block"));
    assert_eq!(in_force(&node), WEIGHTS);
}

#[test]
fn a_batch_that_few_miners_answered_makes_weights_only_if_the_operator_says_so() {
    let node = host::start(host::chain(CommitScheme::Off));
    let host = Host::on(&node);
    host.finish_batch(&node, &SCORES);
    host.horde(&["set-weights"]).success();
    host.finish_batch(&node, &[(5, 1.0)]);
    host.horde(&["set-weights"]).code(2).stderr(
        contains("only 1 of the 3 miners of the batch before answered batch 2")
            .and(contains("--accept-incomplete")),
    );
    assert_eq!(in_force(&node), WEIGHTS);
    host.horde(&["set-weights", "--accept-incomplete"])
        .success();
    assert_eq!(in_force(&node), [(5, 65_535)]);
}

#[test]
fn a_batch_that_is_taken_as_it_is_before_its_window_makes_weights_once_that_is_open() {
    let node = host::start(host::chain(CommitScheme::Epochs));
    let host = Host::on(&node);
    host.finish_batch(&node, &SCORES);
    host.finish_batch(&node, &[(5, 1.0)]);
    host.horde(&["set-weights"])
        .code(2)
        .stderr(contains("--accept-incomplete"));
    host.horde(&["set-weights", "--accept-incomplete"])
        .success()
        .stdout(contains(
            "weights 1 are decided; the commit window opens at block",
        ));
    host.horde(&["set-weights"])
        .success()
        .stdout(contains("the commit window opens at block"));
    assert!(node.ledger().is_empty());
    node.produce_to(START + COMMIT_WINDOW.start);
    host.horde(&["set-weights"])
        .success()
        .stdout(contains("weights 1 committed in block"));
    let entries = host.weights().entries;
    let uids: Vec<u16> = entries.iter().map(|entry| entry.uid).collect();
    assert_eq!(uids, [5]);
}

#[test]
fn a_hotkey_that_registered_after_the_batch_began_gets_nothing() {
    let (node, host) = with_weights_due(CommitScheme::Off);
    // the same hotkey, registered anew
    node.register(4, &miner(4));
    node.produce_block();
    host.horde(&["set-weights", "--dry-run"])
        .success()
        .stdout(contains("registered after the batch began"));
    host.horde(&["set-weights"]).success();
    assert_eq!(in_force(&node), [(2, 32_768), (3, 65_535)]);
}

#[test]
fn a_uid_that_changed_hands_before_the_sending_is_looked_up_again() {
    let (node, host) = with_weights_due(CommitScheme::Epochs);
    decide_only(&node, &host);
    let decided = host.weights();
    node.register(4, &miner(99));
    node.produce_block();
    host.horde(&["set-weights"]).success();
    let sent = host.weights();
    assert_eq!((sent.id, sent.state), (decided.id, WeightsState::Placed));
    assert_ne!(sent.commit_hash, decided.commit_hash);
    assert_ne!(sent.salt, decided.salt);
    node.produce_to(sent.reveal_from.expect("known"));
    host.horde(&["set-weights"]).success();
    assert_eq!(in_force(&node), [(2, 32_768), (3, 65_535)]);
}

#[test]
fn weights_are_given_up_when_everybody_left_before_the_sending() {
    let (node, host) = with_weights_due(CommitScheme::Off);
    decide_only(&node, &host);
    for (uid, stranger) in (FIRST_MINER..).zip([91, 92, 93]) {
        node.register(uid, &miner(stranger));
    }
    node.produce_block();
    host.horde(&["set-weights"]).code(1).stderr(contains(
        "weights 1 are given up: nobody on the subnet has a score",
    ));
    assert!(successes(&node).is_empty());
}

#[test]
fn when_nobody_has_a_score_an_event_says_so_and_nothing_is_written() {
    let node = host::start(host::chain(CommitScheme::Off));
    let host = Host::on(&node);
    host.finish_batch(&node, &[(2, 0.0), (3, 0.0)]);
    let said = "nobody on the subnet has a score in batch 1";
    host.horde(&["set-weights", "--dry-run"])
        .success()
        .stdout(contains(said));
    host.horde(&["set-weights"])
        .success()
        .stdout(contains(said));
    assert!(host.events().iter().any(|event| event.description == said));
    host.horde(&["set-weights"])
        .success()
        .stdout(contains("no weights are due"));
    assert!(node.ledger().is_empty());
}

#[test]
fn weights_are_given_up_once_their_window_has_closed() {
    let (node, host) = with_weights_due(CommitScheme::Epochs);
    decide_only(&node, &host);
    let closed = START + COMMIT_WINDOW.end;
    node.produce_to(closed);
    host.horde(&["set-weights"])
        .code(1)
        .stderr(contains(format!(
            "weights 1 are given up: its window closed at block {closed}"
        )));
    assert_eq!(host.weights().state, WeightsState::GivenUp);
    assert!(
        host.events()
            .iter()
            .any(|event| event.subtype == "GIVING_UP")
    );
    host.horde(&["set-weights"])
        .success()
        .stdout(contains("no weights are due"));
    assert!(successes(&node).is_empty());
}

#[test]
fn a_commit_whose_reveal_was_missed_is_given_up_and_the_next_batch_goes_on() {
    let (node, host) = with_weights_due(CommitScheme::Epochs);
    host.horde(&["set-weights"]).success();
    node.produce_to(host.weights().reveal_until.expect("known") + 1);
    host.finish_batch(&node, &SCORES);
    node.produce_to(START + 2 * CYCLE + COMMIT_WINDOW.start);
    host.horde(&["set-weights"])
        .code(1)
        .stderr(contains("weights 1 are given up"));
    let rows = host.store().last_weights(2).expect("readable");
    let states: Vec<_> = rows.iter().map(|row| row.state).collect();
    assert_eq!(states, [WeightsState::Placed, WeightsState::GivenUp]);
    assert_eq!(successes(&node), ["commit_weights"; 2]);
}

#[test]
fn a_reveal_that_is_refused_holds_no_commit_up() {
    let mut config = host::chain(CommitScheme::Epochs);
    // the reveal is due while the next commit window is open
    config.hyperparameters.tempo = 29;
    let node = host::start(config);
    let host = Host::on(&node);
    host.finish_batch(&node, &SCORES);
    node.produce_to(START + COMMIT_WINDOW.end - 2);
    host.horde(&["set-weights"]).success();
    let (from, until) = (host.weights().reveal_from, host.weights().reveal_until);
    let (from, until) = (from.expect("known"), until.expect("known"));
    host.finish_batch(&node, &SCORES);
    node.produce_to(from.max(START + CYCLE + COMMIT_WINDOW.start));
    assert!(
        node.block() + 2 < until,
        "{from} to {until}, now {}",
        node.block()
    );
    node.fault(|faults| {
        let refusal = SubmitFault::Refuse(PoolRefusal::Call);
        faults.submits.push_back(refusal);
    });
    host.horde(&["set-weights"])
        .code(2)
        .stderr(contains("the chain refused to reveal weights"));
    assert_eq!(successes(&node), ["commit_weights"; 2]);
    host.horde(&["set-weights"]).success();
    assert_eq!(successes(&node)[2..], ["reveal_weights"]);
}

#[test]
fn after_an_upgrade_to_commits_decided_weights_wait_for_the_commit_window() {
    let (node, host) = with_weights_due(CommitScheme::Off);
    decide_only(&node, &host);
    assert_eq!(host.weights().way, Way::Set);
    node.upgrade(CommitScheme::Epochs);
    node.produce_block();
    let opens = START + COMMIT_WINDOW.start;
    host.horde(&["set-weights"])
        .success()
        .stdout(contains(format!(
            "the commit window opens at block {opens}"
        )));
    let row = host.weights();
    assert_eq!(
        (row.way, row.window_stop),
        (Way::Hash, START + COMMIT_WINDOW.end)
    );
    node.produce_to(opens);
    host.horde(&["set-weights"])
        .success()
        .stdout(contains("weights 1 committed in block"));
    node.produce_to(host.weights().reveal_from.expect("known"));
    host.horde(&["set-weights"]).success();
    assert_eq!(in_force(&node), WEIGHTS);
}

#[test]
fn after_an_upgrade_away_from_commits_decided_weights_are_set_in_clear() {
    let (node, host) = with_weights_due(CommitScheme::BlockIntervals);
    decide_only(&node, &host);
    assert_eq!(host.weights().way, Way::Hash);
    node.upgrade(CommitScheme::Off);
    node.produce_block();
    host.horde(&["set-weights"])
        .success()
        .stdout(contains("weights 1 set in block"));
    let row = host.weights();
    assert_eq!((row.way, row.state), (Way::Set, WeightsState::Final));
    assert_eq!(in_force(&node), WEIGHTS);
}

#[test]
fn a_commit_left_behind_by_a_subnet_that_stopped_committing_holds_no_plain_weights_up() {
    let (node, host) = with_weights_due(CommitScheme::Epochs);
    host.horde(&["set-weights"]).success();
    node.produce_to(host.weights().reveal_from.expect("known"));
    node.set_hyperparameters(|wanted| wanted.commit_reveal_enabled = false);
    host.finish_batch(&node, &SCORES);
    host.horde(&["set-weights"])
        .success()
        .stdout(contains("weights 2 set in block"))
        .stderr(contains("this commit cannot be revealed"));
    assert_eq!(in_force(&node), WEIGHTS);
    assert_eq!(node.ledger().len(), 2, "no reveal was tried");
}
