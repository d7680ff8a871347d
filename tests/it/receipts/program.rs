//! The real program fetches receipts.

use std::process::{Command, Stdio};
use std::time::Duration;

use assert_cmd::assert::OutputAssertExt;
use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::miner::{Miner, ReceiptsFile};
use horde_validator::devnet::node::{CommitScheme, Neuron, Node};
use horde_validator::keys::Keypair;
use horde_validator::store::PassOutcome;
use predicates::prelude::*;
use predicates::str::contains;

use super::{count, honest, just_now, miner};
use crate::host::{self, FIRST_MINER, Host};

fn validator_of_the_network() -> Keypair {
    Account::other_validator().keypair()
}

/// A chain on which these miners serve.
fn chain_with(miners: &[Miner]) -> Node {
    let mut config = host::chain(CommitScheme::Off);
    config.neurons.truncate(usize::from(FIRST_MINER));
    config.neurons.extend(miners.iter().map(|miner| Neuron {
        hotkey: miner.hotkey(),
        coldkey: Account::miners_coldkey().hotkey(),
        stake_tao: 0,
        axon: Some(miner.address()),
        validator_permit: false,
    }));
    host::start(config)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_miners_of_the_chain_are_asked_and_found_again_without_it() {
    let miners = [honest(7, 0..3), miner(8, ReceiptsFile::Status(503))];
    let node = chain_with(&miners);
    let host = Host::on(&node);
    let said = tokio::task::spawn_blocking(move || {
        let first = host.json(&["fetch-receipts"]);
        assert_eq!(first["outcome"], "done");
        assert_eq!(first["summary"], "1 of 2 miners answered: 6 new receipts");
        assert_eq!(first["failed"][0]["error"], "answered with status 503");
        drop(node);
        let run = host.horde(&["fetch-receipts"]).success();
        run.stdout(contains("1 of 2 miners answered: 0 new receipts"))
            .stderr(contains("taking the miners that it had last"));
        host
    });
    let host = said.await.expect("no panic");
    assert_eq!(count(&host.database(), "true"), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn miners_that_all_fail_do_not_make_the_pass_fail() {
    let miners = [7, 8].map(|seed| miner(seed, ReceiptsFile::Status(404)));
    let node = chain_with(&miners);
    let host = Host::on(&node);
    let run = tokio::task::spawn_blocking(move || {
        host.horde(&["fetch-receipts"])
            .success()
            .stdout(contains("none of 2 miners answered: 0 new receipts"));
    });
    run.await.expect("no panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_miner_can_be_named_and_needs_no_chain() {
    let good = honest(7, 0..2);
    good.publish_jobs(2..3, just_now(), &validator_of_the_network());
    let bad = miner(8, ReceiptsFile::Status(404));
    let garbled = miner(9, ReceiptsFile::Anothers);
    let run = tokio::task::spawn_blocking(move || {
        let host = Host::new();
        host.horde(&["migrate"]).success();
        let ask = |miner: &Miner| {
            let name = format!("{}@{}", miner.hotkey(), miner.address());
            host.horde(&["fetch-receipts", "--miner", &name])
        };
        ask(&good)
            .success()
            .stdout(contains("1 of 1 miners answered: 6 new receipts"));
        ask(&bad).code(75).stderr(
            contains(format!(
                "the receipts of {} could not be fetched",
                bad.hotkey()
            ))
            .and(contains("answered with status 404"))
            .and(contains("check that the miner listens there")),
        );
        ask(&garbled)
            .success()
            .stdout(contains("0 new receipts, 512 rows refused"))
            .stderr(
                contains("rows of receipts refused")
                    .count(1)
                    .and(contains("it is a receipt of another miner")),
            );
        host.horde(&["fetch-receipts", "--miner", "somebody@127.0.0.1:80"])
            .code(2)
            .stderr(contains("what stands before the `@` is not a hotkey"));
    });
    run.await.expect("no panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_pass_within_a_moment() {
    let hanging = miner(7, ReceiptsFile::Hangs);
    hanging.publish_jobs(0..2, just_now(), &validator_of_the_network());
    let run = tokio::task::spawn_blocking(move || {
        let host = Host::new();
        host.horde(&["migrate"]).success();
        let name = format!("{}@{}", hanging.hotkey(), hanging.address());
        let child = host
            .command()
            .args(["fetch-receipts", "--miner", &name])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        host::poll("the pass", Duration::from_secs(30), || {
            let passes = host.store().last_passes().expect("readable");
            (!passes.is_empty()).then_some(())
        });
        let kill = Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .assert();
        kill.success();
        let output = child.wait_with_output().expect("it was started");
        output
            .assert()
            .success()
            .stdout(contains("stopped before all was read"));
        let passes = host.store().last_passes().expect("readable");
        let end = passes[0].end.clone().expect("it ended");
        assert_eq!(end.outcome, PassOutcome::Done);
    });
    run.await.expect("no panic");
}
