//! The relay's life: starting, ending, being killed, finding its way without the chain.

use std::time::Duration;

use horde_validator::devnet::facilitator::{Behaviour, Ledger};
use horde_validator::devnet::miner;
use horde_validator::store::{IntentState, TELL_SPECS};
use horde_validator::wire::facilitator::JobStatus;
use predicates::str::contains;
use serde_json::json;

use super::scene::{Scene, document};
use crate::host;
use crate::tls_proxy::TlsProxy;

#[tokio::test(flavor = "multi_thread")]
async fn a_window_ends_the_pass_and_a_running_job_is_waited_for() {
    let scene = Scene::new(
        &[miner::Behaviour::Late(Duration::from_secs(3))],
        Behaviour::Honest,
    );
    scene.order(scene.job("job", 0));
    let relay = scene.relay(&["--for", "1s"]);
    let run = relay.ended().await.success();
    assert_eq!(document(&run)["jobs_completed"], 1);
    assert_eq!(
        scene.statuses("job").await,
        [JobStatus::Accepted, JobStatus::Completed]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_comes_while_the_relay_ends_is_rejected() {
    let scene = Scene::new(
        &[miner::Behaviour::Late(Duration::from_secs(3))],
        Behaviour::Honest,
    );
    scene.order(scene.job("running", 0));
    let relay = scene.relay(&[]);
    scene
        .until("the first job", |ledger| {
            !ledger.statuses("running").is_empty()
        })
        .await;
    relay.signal("-TERM");
    // a job that came before the signal was heard is run like the first
    let is_rejected = |ledger: &Ledger| {
        let mut updates = ledger.updates.iter();
        updates.any(|one| one.update.status == JobStatus::Rejected)
    };
    for number in 0.. {
        assert!(number < 1000, "no job was rejected");
        let uuid = format!("late-{number}");
        scene.order(scene.job(&uuid, 0));
        scene
            .until("a word about a job", |ledger| {
                !ledger.statuses(&uuid).is_empty()
            })
            .await;
        if is_rejected(&scene.facilitator.ledger()) {
            break;
        }
    }
    relay.ended().await.success();
    assert_eq!(
        scene.statuses("running").await,
        [JobStatus::Accepted, JobStatus::Completed]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_a_killed_relay_ran_is_told_as_failed_once_and_never_run_again() {
    let scene = Scene::new(&[miner::Behaviour::SilentAtJob], Behaviour::Honest);
    scene.order(scene.job("job", 0));
    let relay = scene.relay(&[]);
    scene
        .until("the job on its way", |ledger| {
            !ledger.statuses("job").is_empty()
        })
        .await;
    relay.kill().await;
    // the user asks again: it is still the same job
    scene.order(scene.job("job", 0));
    let relay = scene.relay(&[]);
    assert_eq!(
        scene.statuses("job").await,
        [JobStatus::Accepted, JobStatus::Failed]
    );
    relay.stop().await.success();
    let miner = scene.miners[0].ledger();
    assert_eq!(miner.initial_requests["job"], 1);
    let rows = scene.host.store().last_organic_jobs(10).expect("readable");
    assert_eq!(rows.len(), 1);
    assert!(rows[0].comment.contains("restarted"), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_was_there_to_hear_is_told_by_the_next_pass() {
    let scene = Scene::new(
        &[miner::Behaviour::Late(Duration::from_secs(2))],
        Behaviour::Honest,
    );
    scene.order(scene.job("job", 0));
    let relay = scene.relay(&[]);
    scene
        .until("the job on its way", |ledger| {
            !ledger.statuses("job").is_empty()
        })
        .await;
    scene.facilitator.pause();
    let run = relay.stop().await.success();
    // whether the first word was proven to have arrived before that is a matter of luck
    let undelivered = document(&run)["undelivered"].as_u64();
    assert!((1..=2).contains(&undelivered.expect("a number")));
    scene.facilitator.resume().expect("the port is free");
    let relay = scene.relay(&[]);
    assert_eq!(
        scene.statuses("job").await,
        [JobStatus::Accepted, JobStatus::Completed]
    );
    let run = relay.stop().await.success();
    assert_eq!(document(&run)["undelivered"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn miners_are_found_without_the_chain_once_it_was_read() {
    let mut scene = Scene::honest(Behaviour::Honest);
    scene.relay(&["--for", "0s"]).ended().await.success();
    scene.node = host::start(host::chain(
        horde_validator::devnet::node::CommitScheme::Off,
    ));
    scene.host.set("BITTENSOR_NETWORK", "ws://127.0.0.1:9");
    // as if it had been read an hour ago
    let db = rusqlite::Connection::open(scene.host.database()).expect("it opens");
    let hour_ago = (chrono::Utc::now() - chrono::TimeDelta::hours(1)).to_rfc3339();
    db.execute(
        "UPDATE meta SET value = json_set(value, '$.at', ?1) WHERE key = 'neurons_seen'",
        [hour_ago],
    )
    .expect("written");
    drop(db);
    scene.order(scene.job("job", 0));
    let relay = scene.relay(&[]);
    assert_eq!(
        scene.statuses("job").await,
        [JobStatus::Accepted, JobStatus::Completed]
    );
    relay.stop().await.success();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_never_saw_the_chain_says_that_it_cannot_reach_it() {
    let mut scene = Scene::honest(Behaviour::Honest);
    scene.host.set("BITTENSOR_NETWORK", "ws://127.0.0.1:9");
    scene.relay(&[]).ended().await.code(75);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_job_goes_to_the_miner_that_is_named() {
    let mut scene = Scene::honest(Behaviour::Honest);
    scene.host.unset("BITTENSOR_NETWORK");
    let miner = &scene.miners[0];
    let named = format!("{}@{}", miner.hotkey(), miner.address());
    let mut job = scene.job("job", 0);
    job.miner_hotkey = "somebody else".to_owned();
    scene.order(job);
    let relay = scene.relay(&["--miner", &named]);
    assert_eq!(
        scene.statuses("job").await,
        [JobStatus::Accepted, JobStatus::Completed]
    );
    relay.stop().await.success();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_serve_takes_no_jobs() {
    let mut scene = Scene::honest(Behaviour::Honest);
    scene.host.set("MIGRATING", 1);
    let run = scene.relay(&[]).ended().await.success();
    assert_eq!(document(&run)["outcome"], "idle");
    assert_eq!(scene.facilitator.ledger().connections, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_relay_leaves_the_first_alone() {
    let scene = Scene::honest(Behaviour::Honest);
    let relay = scene.relay(&[]);
    scene
        .until("the first relay", |ledger| ledger.authenticated == 1)
        .await;
    let run = scene.relay(&[]).ended().await.success();
    assert_eq!(document(&run)["outcome"], "idle");
    relay.stop().await.success();
    assert_eq!(scene.facilitator.ledger().authenticated, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn hardware_that_a_batch_has_seen_is_told() {
    let scene = Scene::honest(Behaviour::Honest);
    let specs = json!({
        "message_type": "V0MachineSpecsUpdate",
        "miner_hotkey": "a miner",
        "validator_hotkey": "us",
        "specs": {"cpu": {"count": 2}},
        "batch_id": "a batch",
    });
    let mut store = scene.host.store();
    store
        .intend(TELL_SPECS, 1, &specs, chrono::Utc::now())
        .expect("kept");
    let relay = scene.relay(&[]);
    let ledger = scene
        .until("the specs", |ledger| !ledger.specs.is_empty())
        .await;
    assert_eq!(ledger.specs[0].specs["cpu"]["count"], 2);
    relay.stop().await.success();
    assert!(store.pending_intents(TELL_SPECS).expect("read").is_empty());
    assert_eq!(IntentState::Done.name(), "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_is_encrypted_and_a_stranger_s_certificate_is_refused() {
    let mut scene = Scene::honest(Behaviour::Honest);
    let proxy = TlsProxy::before(scene.facilitator.port()).await;
    scene.host.set("FACILITATOR_URI", proxy.url());
    scene.order(scene.job("job", 0));
    scene
        .relay(&[])
        .ended()
        .await
        .code(75)
        .stderr(contains("ertificate"));
    let authority = proxy.authority_file();
    scene.host.set("SSL_CERT_FILE", authority.display());
    let relay = scene.relay(&[]);
    assert_eq!(
        scene.statuses("job").await,
        [JobStatus::Accepted, JobStatus::Completed]
    );
    relay.stop().await.success();
}
