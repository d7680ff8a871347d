//! `horde debug-run`: one miner from the command line, with and without a chain.

use assert_cmd::Command;
use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::miner::{Behaviour, Miner, MinerConfig};
use horde_validator::devnet::node::CommitScheme;
use horde_validator::wire::ExecutorClass;
use predicates::prelude::*;
use predicates::str::{contains, is_match};

use crate::host::{self, FIRST_MINER, Host};

const CLASS: &str = "always_on.gpu-24gb";

fn miner(behaviour: Behaviour) -> Miner {
    let keypair = Account::miner(FIRST_MINER.into()).keypair();
    let class = ExecutorClass::AlwaysOnGpu24Gb;
    Miner::start(MinerConfig::new(keypair, vec![(class, 2)]).behaving(behaviour))
        .expect("a free port")
}

/// A host that knows the miner by its settings, and neither a chain nor a database.
fn host_for(miner: &Miner) -> Host {
    let mut host = Host::new();
    host.set("DEBUG_MINER_KEY", miner.hotkey());
    host.set("DEBUG_MINER_ADDRESS", miner.address().ip());
    host.set("DEBUG_MINER_PORT", miner.address().port());
    host.set("DEBUG_HASH_JOB", "1,0,2");
    host
}

fn organic<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let job = ["debug-run", "organic", "--executor-class", CLASS];
    [&job, more].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_shows_each_step_and_what_it_printed() {
    let miner = miner(Behaviour::Honest);
    let host = host_for(&miner);
    let arguments = organic(&["--docker-image", "x/echo:1", "--", "hello", "you"]);
    let told = r"(?s)s  connected\n.*s  asked\n.*s  ready\n.*s  sent\n.*s  answered\n.*completed: ";
    host.horde(&arguments).success().stdout(
        is_match(told)
            .expect("a pattern")
            .and(contains("hello you")),
    );
    let document = host.json(&organic(&["--docker-image", "x/echo:1", "--", "hello"]));
    assert_eq!(document["status"], "completed");
    assert_eq!(document["stdout"], "hello");
    assert_eq!(document["steps"][0]["step"], "connected");
    assert_eq!(miner.ledger().finished_receipts.len(), 2);
    assert!(!host.database().exists(), "nothing is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_shown_on_request_without_what_is_secret_in_them() {
    let host_miner = miner(Behaviour::Honest);
    let host = host_for(&host_miner);
    let upload = "http://me:password@127.0.0.1:9/out?signature=secret";
    let run = host
        .horde(&organic(&[
            "--docker-image",
            "x/fail:1",
            "--output-url",
            upload,
            "--show-messages",
        ]))
        .success();
    let stdout = String::from_utf8_lossy(&run.get_output().stdout).into_owned();
    for message in [
        "-> {",
        "<- {",
        "V0AuthenticateRequest",
        "V0JobFailedRequest",
    ] {
        assert!(stdout.contains(message), "{message}: {stdout}");
    }
    for secret in ["password", "secret", "\"signature\":\"0x"] {
        assert!(!stdout.contains(secret), "{secret}: {stdout}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_turns_a_job_that_did_not_complete_into_a_failure() {
    for (behaviour, image, said) in [
        (Behaviour::Honest, "x/fail:1", "exit status 3"),
        (Behaviour::Declines, "x/echo:1", "declined"),
        (
            Behaviour::Unauthorized,
            "x/echo:1",
            "does not accept this validator",
        ),
    ] {
        let miner = miner(behaviour);
        let host = host_for(&miner);
        let arguments = organic(&["--docker-image", image]);
        host.horde(&arguments).success().stdout(contains(said));
        assert!(host.json(&[&arguments[..], &["--check"]].concat())["comment"].is_string());
        host.horde(&[&arguments[..], &["--check"]].concat())
            .code(1)
            .stdout(contains(said))
            .stderr(contains("the check failed"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_takes_too_long_is_given_up() {
    let miner = miner(Behaviour::SilentAtJob);
    let host = host_for(&miner);
    let arguments = ["--docker-image", "x/echo:1", "--timeout", "1", "--check"];
    host.horde(&organic(&arguments))
        .code(1)
        .stdout(contains("failed: the job was not over after 1 s"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_comes_from_a_file_from_stdin_or_from_the_command_line() {
    let miner = miner(Behaviour::Honest);
    let host = host_for(&miner);
    std::fs::write(host.path("script.py"), "print(1)").expect("written");
    let path = host.path("script.py").display().to_string();
    for arguments in [["--script", &path], ["--raw-script", "print(1)"]] {
        host.horde(&organic(&arguments)).success();
    }
    Command::from_std(host.command())
        .args(organic(&["--script", "-"]))
        .write_stdin("print(1)")
        .assert()
        .success();
    host.horde(&organic(&["--script", "nowhere.py"]))
        .code(2)
        .stderr(contains("the script `nowhere.py` cannot be read"));
    host.horde(&organic(&[]))
        .code(2)
        .stderr(contains("--docker-image"));
    assert_eq!(miner.ledger().job_requests.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_is_found_on_the_subnet_by_its_hotkey() {
    let miner = miner(Behaviour::Honest);
    let mut config = host::chain(CommitScheme::Off);
    config.neurons[usize::from(FIRST_MINER)].axon = Some(miner.address());
    let node = host::start(config);
    let host = Host::on(&node);
    let hotkey = miner.hotkey().to_string();
    let job = ["--docker-image", "x/echo:1", "--check", "--miner-hotkey"];
    host.horde(&organic(&[&job[..], &[&hotkey]].concat()))
        .success();
    let stranger = Account::miner(77).hotkey().to_string();
    host.horde(&organic(&[&job[..], &[&stranger]].concat()))
        .code(1)
        .stderr(contains("no serving miner of the subnet").and(contains("--miner-address")));
    host.horde(&organic(&job[..3]))
        .code(2)
        .stderr(contains("DEBUG_MINER_KEY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_one_is_scored_and_forgotten() {
    let miner = miner(Behaviour::Honest);
    let mut host = host_for(&miner);
    host.set("DEBUG_OVERRIDE_WEIGHTS_VERSION", 4);
    host.horde(&["debug-run", "synthetic", "--check"])
        .success()
        .stdout(contains("2 executors of always_on.gpu-24gb").and(contains("right")));
    let document = host.json(&["debug-run", "synthetic", "--show-messages"]);
    assert_eq!(document["jobs"].as_array().expect("a list").len(), 2);
    assert_eq!(document["jobs"][0]["completed"], true);
    assert!(document["messages"].as_array().expect("a list").len() > 6);
    assert!(!host.database().exists(), "nothing is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_one_with_a_liar_fails_the_check() {
    let miner = miner(Behaviour::Wrong);
    let mut host = host_for(&miner);
    host.set("DEBUG_OVERRIDE_WEIGHTS_VERSION", 4);
    host.horde(&["debug-run", "synthetic", "--check"])
        .code(1)
        .stderr(contains("0 of 2 jobs succeeded"));
}
