//! What is recorded: each scene is a machine, and a few commands that succeed.

use std::path::Path;

use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::miner::{Miner, MinerConfig};
use horde_validator::devnet::node::{Commit, CommitScheme, Node};
use horde_validator::wire::ExecutorClass;

use super::log::Happening;
use super::recording::Recording;
use super::replay::extrinsic;
use crate::backup::{back_up, machine, write_trace};
use crate::host::{self, COMMIT_WINDOW, FIRST_MINER, Host, START};

const SCORES: [(u16, f64); 3] = [(2, 1.0), (3, 2.0), (4, 4.0)];

/// A chain with a finished batch, in the first block in which weights may be placed.
pub(super) fn with_weights_due(scheme: CommitScheme) -> (Node, Recording) {
    let node = host::start(host::chain(scheme));
    let host = Host::on(&node);
    host.finish_batch(&node, &SCORES);
    if scheme != CommitScheme::Off {
        node.produce_to(START + COMMIT_WINDOW.start);
    }
    (node, Recording::of(host))
}

/// Whatever the node was sent is in the recording.
fn assert_heard(node: &Node, recording: &Recording) {
    let sent = node.ledger().into_iter();
    let sent: Vec<String> = sent
        .map(|one| format!("0x{}", hex::encode(one.hash)))
        .collect();
    let heard = recording
        .happenings
        .iter()
        .filter_map(|happening| match happening {
            Happening::Said(said) => extrinsic(said),
            _ => None,
        });
    assert_eq!(heard.collect::<Vec<_>>(), sent);
}

pub(super) fn to_reveal(node: &Node) {
    let [Commit::Hash { window, .. }] = node.commits_of(&Account::validator().hotkey())[..] else {
        panic!("one commit")
    };
    node.produce_to(window.0 - 1);
}

pub(super) fn commit_and_reveal() -> Recording {
    let (node, mut recording) = with_weights_due(CommitScheme::Epochs);
    recording.run(&["set-weights"]);
    to_reveal(&node);
    recording.run(&["set-weights"]);
    assert_heard(&node, &recording);
    assert_eq!(node.ledger().len(), 2);
    recording
}

pub(super) fn timelock() -> Recording {
    let (node, mut recording) = with_weights_due(CommitScheme::Timelocked);
    recording.run(&["set-weights"]);
    assert_heard(&node, &recording);
    assert_eq!(node.ledger().len(), 1);
    recording
}

pub(super) fn set() -> Recording {
    let (node, mut recording) = with_weights_due(CommitScheme::Off);
    recording.run(&["set-weights"]);
    assert_heard(&node, &recording);
    assert_eq!(node.ledger().len(), 1);
    recording
}

/// One batch with two miners.
pub(super) fn batch() -> Recording {
    let class = ExecutorClass::DEFAULT;
    let start = |number: u16| {
        let keypair = Account::miner(number.into()).keypair();
        Miner::start(MinerConfig::new(keypair, vec![(class, 2)])).expect("a free port")
    };
    let miners = [start(FIRST_MINER), start(FIRST_MINER + 1)];
    let mut config = host::chain(CommitScheme::Off);
    for (neuron, miner) in config.neurons[2..].iter_mut().zip(&miners) {
        neuron.axon = Some(miner.address());
    }
    let node = host::start(config);
    let mut host = Host::on(&node);
    host.set("DEBUG_BATCH_TIME_SCALE", "0.05");
    host.set("DEBUG_HASH_JOB", "1,0,2");
    let mut recording = Recording::of(host);
    recording.run(&["run-synthetic", "--now"]);
    assert!(
        miners
            .iter()
            .all(|miner| !miner.ledger().job_requests.is_empty())
    );
    recording
}

/// The third one makes the first one go away.
pub(super) fn backups() -> Recording {
    let mut host = machine();
    host.set("BACKUP_LOCAL_ROTATE_KEEP_LAST", 2);
    write_trace(&host, "before");
    let mut recording = Recording::of(host);
    for _ in 0..3 {
        recording.run(&["backup-db", "--local-only"]);
    }
    recording
}

pub(super) fn new_database() -> Recording {
    let mut host = Host::new();
    host.set("HORDE_DB", host.path("state/of/horde.db").display());
    let mut recording = Recording::of(host);
    recording.run(&["migrate"]);
    recording
}

/// From a database of an old version.
pub(super) fn migration(file: &str) -> Recording {
    let host = Host::new();
    let old = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/databases")
        .join(file);
    std::fs::copy(old, host.database()).expect("copied");
    let mut recording = Recording::of(host);
    recording.run(&["migrate"]);
    recording
}

/// There and back again.
pub(super) fn restore() -> Recording {
    let host = machine();
    write_trace(&host, "before");
    let name = back_up(&host);
    write_trace(&host, "after");
    let mut recording = Recording::of(host);
    recording.run(&["restore-db", &name]);
    let files = std::fs::read_dir(recording.host.path("")).expect("a folder");
    let names = files.map(|file| file.expect("read").file_name().into_string().expect("text"));
    let kept = names
        .into_iter()
        .find(|name| name.starts_with("horde.db.before-"));
    let kept = recording.host.path(&kept.expect("it is kept"));
    recording.run(&["restore-db", kept.to_str().expect("text")]);
    recording
}
