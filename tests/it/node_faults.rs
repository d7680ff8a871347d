//! Nodes that fail in the middle of writing weights. Whatever they do, nothing is sent twice, and
//! once they are well the right weights are in force, in the same window.

use std::process::Child;
use std::time::Duration;

use assert_cmd::Command;
use horde_validator::devnet::node::{
    CommitScheme, Config, Node, Orphans, Outcome, Production, SubmitFault,
};
use horde_validator::store::{WeightsRow, WeightsState};
use horde_validator::weights;
use predicates::str::contains;

use crate::host::{self, COMMIT_WINDOW, Host, START, VALIDATOR};

const SCORES: [(u16, f64); 3] = [(2, 1.0), (3, 2.0), (4, 4.0)];
/// Passes until weights are in force: one may end knowing nothing, one settles that, one sends
/// again, two reveal.
const MOST_PASSES: usize = 6;
/// The blocks in which an extrinsic could have been included.
const LIFE: u64 = 12;
const LIFE_OF_ONE: u64 = 8;
/// Of a chain that reorganises.
const FINALITY_LAG: u64 = 3;
const SCHEMES: [CommitScheme; 2] = [CommitScheme::Off, CommitScheme::Epochs];

type Fault = fn(&Node);

/// One at a time, while the first extrinsic is sent.
const FAULTS: [(&str, Fault); 8] = [
    ("it lies about inclusion", |node| {
        next(node, SubmitFault::Lie)
    }),
    ("it takes an extrinsic twice", |node| {
        next(node, SubmitFault::Double)
    }),
    ("it breaks off before taking", |node| {
        next(node, SubmitFault::CutBeforeTaking)
    }),
    ("it breaks off after taking", |node| {
        next(node, SubmitFault::CutAfterTaking)
    }),
    ("it is slow", |node| {
        node.fault(|faults| faults.delay = Duration::from_millis(300));
    }),
    ("its head is old", |node| {
        node.fault(|faults| faults.clock_behind = Duration::from_secs(200 * 12));
        node.produce_block();
    }),
    ("it belongs to another chain", |node| {
        node.fault(|faults| faults.other_genesis = true)
    }),
    ("its runtime is new", |node| node.upgrade(CommitScheme::Off)),
];

fn next(node: &Node, fault: SubmitFault) {
    node.fault(|faults| faults.submits.push_back(fault));
}

fn heal(node: &Node) {
    node.fault(|faults| {
        faults.delay = Duration::ZERO;
        faults.other_genesis = false;
        faults.submits.clear();
        faults.clock_behind = Duration::from_secs(4);
    });
    node.produce_block();
}

fn with_weights_due(config: Config) -> (Node, Host) {
    let scheme = config.scheme;
    let node = host::start(config);
    let host = Host::on(&node);
    host.finish_batch(&node, &SCORES);
    if scheme != CommitScheme::Off {
        node.produce_to(START + COMMIT_WINDOW.start);
    }
    (node, host)
}

/// Runs passes of a healthy node until the weights are in force, and checks what was sent.
fn assert_set_once(node: &Node, host: &Host, what: &str) {
    let newest = || host.store().last_weights(1).expect("read").pop();
    let is_final = |row: &WeightsRow| row.state == WeightsState::Final;
    let mut passes = 0;
    while !newest().is_some_and(|row| is_final(&row)) {
        passes += 1;
        let (row, ledger) = (newest(), node.ledger());
        assert!(passes <= MOST_PASSES, "{what}: {row:?}\n{ledger:?}");
        let reveal_from = row.and_then(|row| row.reveal_from);
        if let Some(block) = reveal_from {
            node.produce_to(block);
        } else if !host.store().pending_intents("").expect("read").is_empty() {
            node.produce_blocks(LIFE);
        }
        let mut pass = host.command().arg("set-weights").spawn().expect("started");
        let code = end_of(node, &mut pass);
        assert!(matches!(code, Some(0 | 75)), "{what}: {code:?}");
    }
    let row = host.weights();
    assert!(
        row.placed_block
            .is_some_and(|block| block < row.window_stop),
        "{what}: {row:?}"
    );
    assert!(
        weights::matches(&row.entries, &node.weights_of(VALIDATOR)),
        "{what}: {row:?}"
    );
    let executed = node.ledger().into_iter();
    let executed: Vec<_> = executed
        .filter(|entry| matches!(entry.outcome, Outcome::Succeeded | Outcome::Failed(_)))
        .collect();
    let expected = match row.way.name() {
        "set" => 1,
        _ => 2,
    };
    assert_eq!(executed.len(), expected, "{what}: {executed:?}");
    assert!(
        executed
            .iter()
            .all(|entry| entry.outcome == Outcome::Succeeded)
    );
    // and it stays so
    host.horde(&["set-weights"]).success();
    assert_eq!(host.store().last_weights(9).expect("read").len(), 1);
}

/// Lets a node do that while weights are sent through it, and then no more.
fn assert_overcome(scheme: CommitScheme, what: &str, fault: Fault) {
    let (node, host) = with_weights_due(host::chain(scheme));
    // keeps the metadata of this runtime
    host.horde(&["set-weights", "--dry-run"]).success();
    fault(&node);
    let run = host.horde(&["set-weights"]);
    let is_sent = node.ledger().len();
    match what {
        "its head is old" => {
            run.code(75);
            assert_eq!(is_sent, 0, "{what}");
        }
        "it belongs to another chain" => {
            run.code(2);
            assert_eq!(is_sent, 0, "{what}");
        }
        _ => drop(run),
    }
    heal(&node);
    assert_set_once(&node, &host, &format!("{scheme:?}, {what}"));
}

#[test]
fn whatever_a_node_does_the_weights_are_set_once_in_their_window() {
    // side by side: most of the time they wait
    std::thread::scope(|scope| {
        for scheme in SCHEMES {
            for (what, fault) in FAULTS {
                scope.spawn(move || assert_overcome(scheme, what, fault));
            }
        }
    });
}

#[test]
fn weights_that_a_node_forgets_are_sent_again() {
    let (node, host) = with_weights_due(host::chain(CommitScheme::Off));
    next(&node, SubmitFault::Lose);
    // it is waited for as long as an extrinsic may take
    let _ = Command::from_std(host.command())
        .arg("set-weights")
        .timeout(Duration::from_secs(90))
        .assert();
    assert_set_once(&node, &host, "it forgets what it took");
}

/// As the node of a load balancer may be.
#[test]
fn a_node_behind_the_last_write_is_not_believed() {
    const BEHIND: u64 = 6;
    for scheme in SCHEMES {
        let (node, host) = with_weights_due(host::chain(scheme));
        host.horde(&["set-weights"]).success();
        let before = host.weights();
        // it has seen nothing of the block in which they were written
        let db = rusqlite::Connection::open(host.database()).expect("it opens");
        let ahead = "UPDATE weights SET placed_block = placed_block + ?1";
        db.execute(ahead, [BEHIND.cast_signed()]).expect("moved");
        host.finish_batch(&node, &SCORES);
        let behind = node.block();
        host.horde(&["set-weights"])
            .code(75)
            .stderr(contains(format!(
                "the node is at block {behind}, behind block"
            )));
        assert_eq!(host.weights().state, before.state, "{scheme:?}");
        let sent = node.ledger().len();
        assert_eq!(sent, 1, "{scheme:?}");
        node.produce_blocks(BEHIND);
        host.horde(&["set-weights"]).success();
    }
}

/// Starts a pass that sends something, and has it included and noted.
fn start_writing(node: &Node, host: &Host) -> Child {
    let child = host.command().arg("set-weights").spawn().expect("started");
    let patience = Duration::from_secs(20);
    host::poll("an extrinsic", patience, || {
        (node.pending() > 0).then_some(())
    });
    node.produce_block();
    host::poll("a note of it", patience, || {
        (host.weights().state == WeightsState::Placed).then_some(())
    });
    child
}

/// Undoes the newest block. What waits again is included a block later than it was, and becomes
/// final.
fn reorganise(node: &Node, orphans: Orphans) {
    node.fault(|faults| faults.full = true);
    node.reorganise(1, orphans);
    node.fault(|faults| faults.full = false);
    node.produce_blocks(FINALITY_LAG + 1);
}

/// Makes blocks for what waits for one, until the pass has ended.
fn end_of(node: &Node, pass: &mut Child) -> Option<i32> {
    let status = host::poll("the end of a pass", Duration::from_secs(60), || {
        if node.pending() > 0 {
            node.produce_blocks(FINALITY_LAG + 1);
        }
        pass.try_wait().expect("started")
    });
    status.code()
}

#[test]
fn weights_that_a_reorganisation_undoes_are_set_again() {
    for scheme in SCHEMES {
        for orphans in [Orphans::Wait, Orphans::AreLost] {
            let (node, host) = with_weights_due(Config {
                production: Production::Manual,
                finality_lag: FINALITY_LAG,
                ..host::chain(scheme)
            });
            let mut pass = start_writing(&node, &host);
            reorganise(&node, orphans);
            if orphans == Orphans::AreLost {
                // until then it might have been put back
                host.horde(&["set-weights"]).success();
                assert_eq!(host.weights().state, WeightsState::Placed);
                node.produce_blocks(LIFE_OF_ONE);
            }
            end_of(&node, &mut pass);
            assert_set_once(&node, &host, &format!("{scheme:?}, {orphans:?}"));
        }
    }
}

#[test]
fn weights_that_a_reorganisation_moves_while_nobody_looks_are_still_ours() {
    for scheme in SCHEMES {
        let (node, host) = with_weights_due(Config {
            production: Production::Manual,
            finality_lag: FINALITY_LAG,
            ..host::chain(scheme)
        });
        let mut pass = start_writing(&node, &host);
        pass.kill().expect("our child");
        pass.wait().expect("our child");
        reorganise(&node, Orphans::Wait);
        // of a commit, before it may be revealed
        host.horde(&["set-weights"]).success();
        assert_set_once(&node, &host, &format!("{scheme:?}"));
        let unknown = host.store().unknown_write().expect("read");
        assert!(unknown.is_none(), "{scheme:?}: {unknown:?}");
    }
}
