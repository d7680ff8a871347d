//! What a facilitator can do wrong: nothing of it loses a job's end, runs a job twice, keeps the
//! relay from coming back, or makes it knock without pause.

use std::time::Duration;

use horde_validator::devnet::facilitator::{After, Behaviour, Which};
use horde_validator::devnet::miner;
use horde_validator::wire::facilitator::JobStatus;
use predicates::str::contains;

use super::scene::{Scene, document};

#[tokio::test(flavor = "multi_thread")]
async fn a_facilitator_that_refuses_ends_the_pass_with_its_reason() {
    let scene = Scene::honest(Behaviour::RefusesAuthentication);
    let run = scene.relay(&[]).ended().await.code(1);
    let error = document(&run)["error"].to_string();
    assert!(error.contains("this validator is not welcome"), "{error}");
    assert_eq!(scene.facilitator.ledger().connections, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_facilitator_that_is_away_or_says_nothing_ends_the_pass_for_the_next_one() {
    for behaviour in [
        Behaviour::SilentAfterConnect,
        Behaviour::SilentBeforeUpgrade,
    ] {
        let scene = Scene::honest(behaviour);
        scene.relay(&[]).ended().await.code(75);
        let problem = scene.host.json(&["status"])["problems"][0]["what"].to_string();
        assert!(problem.contains("relay-organic"), "{problem}");
    }
    let scene = Scene::honest(Behaviour::Honest);
    scene.facilitator.pause();
    scene
        .relay(&[])
        .ended()
        .await
        .code(75)
        .stderr(contains("cannot be reached"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_dead_connection_is_noticed_and_made_anew() {
    let scene = Scene::honest(Behaviour::SilentAfterAuthentication);
    let relay = scene.relay(&[]);
    scene
        .until("a second connection", |ledger| ledger.connections >= 2)
        .await;
    scene.facilitator.behave(Behaviour::Honest);
    scene.order(scene.job("job", 0));
    let statuses = scene.statuses("job").await;
    assert_eq!(statuses, [JobStatus::Accepted, JobStatus::Completed]);
    relay.stop().await.success();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_line_is_kept_up_by_heartbeats() {
    let scene = Scene::honest(Behaviour::Honest);
    let relay = scene.relay(&[]);
    let ledger = scene
        .until("heartbeats", |ledger| ledger.heartbeats >= 3)
        .await;
    assert_eq!(ledger.connections, 1);
    relay.stop().await.success();
}

/// Every end is told exactly once as far as its content goes, at least once as far as the wire
/// goes, whenever the facilitator closes.
#[tokio::test(flavor = "multi_thread")]
async fn no_status_is_lost_whenever_the_facilitator_closes() {
    let moments = [
        After::Authentication,
        After::Heartbeat,
        After::JobRequest,
        After::StatusUpdate(Which::Any),
        After::StatusUpdate(Which::Accepted),
        After::StatusUpdate(Which::Final),
    ];
    let behaviours = moments.map(Behaviour::ClosesAfter);
    for behaviour in behaviours.into_iter().chain([Behaviour::ForgetsUpdates]) {
        let scene = Scene::honest(Behaviour::Honest);
        scene.facilitator.behave(behaviour.clone());
        for uuid in ["job-0", "job-1", "job-2"] {
            scene.order(scene.job(uuid, 0));
        }
        let mut relay = scene.relay(&[]);
        // closing at once hands out nothing: such a facilitator comes to its senses in the end
        let calm = async {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            scene.facilitator.behave(Behaviour::Honest);
        };
        let told = async {
            for uuid in ["job-0", "job-1", "job-2"] {
                let statuses = scene.statuses(uuid).await;
                let ends: Vec<_> = statuses
                    .iter()
                    .filter(|status| **status != JobStatus::Accepted)
                    .collect();
                assert_eq!(ends, [&JobStatus::Completed], "{behaviour:?}");
            }
        };
        tokio::select! {
            _ = async { tokio::join!(calm, told) } => (),
            never = relay.kept_running(&scene) => match never {},
        }
        relay.stop().await.success();
        let miner = scene.miners[0].ledger();
        assert_eq!(miner.job_requests.len(), 3, "{behaviour:?}");
        assert!(
            miner.job_requests.values().all(|times| *times == 1),
            "{behaviour:?}"
        );
        let store = scene.host.store();
        assert!(store.running_organic_jobs().expect("read").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doubled_and_malformed_requests_and_errors_in_answer_do_no_harm() {
    for behaviour in [
        Behaviour::DuplicatesRequests,
        Behaviour::MalformedRequests,
        Behaviour::ErrorResponses,
    ] {
        let scene = Scene::honest(behaviour.clone());
        scene.order(scene.job("job", 0));
        let relay = scene.relay(&[]);
        assert_eq!(
            scene.statuses("job").await,
            [JobStatus::Accepted, JobStatus::Completed],
            "{behaviour:?}"
        );
        let run = relay.stop().await.success();
        assert_eq!(document(&run)["jobs_taken"], 1, "{behaviour:?}");
        assert_eq!(scene.miners[0].ledger().initial_requests["job"], 1);
        let finals = scene.facilitator.ledger().statuses("job");
        assert_eq!(finals.len(), 2, "{behaviour:?}: {finals:?}");
        let stderr = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
        assert!(stderr.len() < 20_000, "{} bytes of log", stderr.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_frame_costs_the_connection_and_nothing_else() {
    let scene = Scene::honest(Behaviour::HugeFrame { mebibytes: 24 });
    let relay = scene.relay(&[]);
    scene
        .until("a second connection", |ledger| ledger.connections >= 2)
        .await;
    scene.facilitator.behave(Behaviour::Honest);
    scene.order(scene.job("job", 0));
    let statuses = scene.statuses("job").await;
    assert_eq!(statuses, [JobStatus::Accepted, JobStatus::Completed]);
    relay.stop().await.success();
}

/// With the delays of production: seconds apart, and ever further.
#[tokio::test(flavor = "multi_thread")]
async fn a_facilitator_that_closes_at_once_is_not_overrun() {
    let mut scene = Scene::honest(Behaviour::ClosesAfter(After::Authentication));
    scene.host.unset("DEBUG_BATCH_TIME_SCALE");
    let relay = scene.relay(&[]);
    tokio::time::sleep(Duration::from_secs(8)).await;
    let connections = scene.facilitator.ledger().connections;
    assert!((2..=6).contains(&connections), "{connections} connections");
    relay.stop().await.success();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_jobs_run_at_once() {
    let slow = miner::Behaviour::Late(Duration::from_secs(2));
    let scene = Scene::new(&[slow], Behaviour::Honest);
    let uuids: Vec<String> = (0..60).map(|number| format!("job-{number}")).collect();
    for uuid in &uuids {
        scene.order(scene.job(uuid, 0));
    }
    let begun = std::time::Instant::now();
    let relay = scene.relay(&[]);
    for uuid in &uuids {
        let statuses = scene.statuses(uuid).await;
        assert_eq!(statuses, [JobStatus::Accepted, JobStatus::Completed]);
    }
    // one after the other they would take two minutes
    assert!(begun.elapsed() < Duration::from_secs(60));
    relay.stop().await.success();
}
