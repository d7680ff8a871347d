//! After a loss of power the real program goes on against the same chain: what was committed is
//! revealed with its salt, and nothing is written twice.

use horde_validator::devnet::node::{CommitScheme, Node, Outcome};
use horde_validator::store::WeightsState;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::log::Happening;
use super::recording::{Recording, write};
use super::replay::{Cut, extrinsic};
use super::{losses, scenes, trace};
use crate::host::{Host, VALIDATOR};

/// Weights that the scores of the scenes make on chain.
const WEIGHTS: [(u16, u16); 3] = [(2, 16_384), (3, 32_768), (4, 65_535)];

/// Power goes after the last extrinsic was handed to the node, which has it: the node of the
/// recording is then as the next pass will find it.
fn lose_power(recording: &Recording, random: &mut StdRng) {
    let is_sent =
        |one: &Happening| matches!(one, Happening::Said(said) if extrinsic(said).is_some());
    let happenings = &recording.happenings;
    let sent = happenings
        .iter()
        .rposition(is_sent)
        .expect("something was sent");
    let cut = Cut::at(random.random_range(sent + 1..=happenings.len()), random);
    eprintln!("{cut}");
    let root = recording.host.path("");
    let image = cut.image(&recording.base, happenings);
    for entry in std::fs::read_dir(&root).expect("a folder") {
        let path = entry.expect("read").path();
        match path.is_dir() {
            true => std::fs::remove_dir_all(path),
            false => std::fs::remove_file(path),
        }
        .expect("removed");
    }
    write(&image, &root);
}

fn succeeded(node: &Node) -> Vec<&'static str> {
    let ledger = node.ledger();
    assert!(
        ledger
            .iter()
            .all(|entry| entry.outcome == Outcome::Succeeded),
        "{ledger:?}"
    );
    ledger.iter().map(|entry| entry.call).collect()
}

fn assert_final(node: &Node, host: &Host) {
    assert_eq!(succeeded(node), ["commit_weights", "reveal_weights"]);
    assert_eq!(host.weights().state, WeightsState::Final);
    let mut in_force = node.weights_of(VALIDATOR);
    in_force.retain(|(_, weight)| *weight > 0);
    in_force.sort_unstable();
    assert_eq!(in_force, WEIGHTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_revealed_with_its_salt_after_power_was_lost() {
    for seed in 0..losses().div_ceil(4) {
        if !trace::is_allowed() {
            return;
        }
        let random = &mut StdRng::seed_from_u64(seed);
        let (node, mut recording) = scenes::with_weights_due(CommitScheme::Epochs);
        recording.run(&["set-weights"]);
        lose_power(&recording, random);
        // settles what was sent
        recording.host.horde(&["set-weights"]).success();
        assert_eq!(succeeded(&node), ["commit_weights"], "seed {seed}");
        scenes::to_reveal(&node);
        let host = &recording.host;
        host.horde(&["set-weights"]).success();
        assert_final(&node, host);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reveal_is_not_repeated_after_power_was_lost() {
    for seed in 0..losses().div_ceil(4) {
        if !trace::is_allowed() {
            return;
        }
        let random = &mut StdRng::seed_from_u64(seed);
        let (node, mut recording) = scenes::with_weights_due(CommitScheme::Epochs);
        recording.run(&["set-weights"]);
        scenes::to_reveal(&node);
        recording.run(&["set-weights"]);
        lose_power(&recording, random);
        recording.host.horde(&["set-weights"]).success();
        assert_final(&node, &recording.host);
    }
}
