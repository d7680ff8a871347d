//! Every end that a job can come to: what the user is told, what is kept, what the miner gets.

use horde_validator::devnet::facilitator::Behaviour;
use horde_validator::devnet::miner;
use horde_validator::wire::ExecutorClass;
use horde_validator::wire::Volume;
use horde_validator::wire::facilitator::{JobRequestV1, JobStatus};

use super::scene::{Scene, document, printed};

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_both_versions_are_run_and_reported() {
    let scene = Scene::honest(Behaviour::Honest);
    scene.order(scene.job("job-0", 0));
    let hotkey = scene.miners[0].hotkey().to_string();
    let mut job = JobRequestV1::new("job-1".to_owned(), hotkey, "x/echo:1".to_owned());
    job.executor_class = ExecutorClass::AlwaysOnGpu24Gb;
    job.args = vec!["hello".to_owned()];
    job.volume = Some(Volume::inline(Volume::EMPTY_ZIP.to_owned()));
    scene.order(job);
    let relay = scene.relay(&[]);
    for uuid in ["job-0", "job-1"] {
        assert_eq!(
            scene.statuses(uuid).await,
            [JobStatus::Accepted, JobStatus::Completed]
        );
    }
    let run = relay.stop().await.success();
    let document = document(&run);
    assert_eq!(document["outcome"], "done");
    assert_eq!(document["jobs_completed"], 2);
    assert_eq!(document["undelivered"], 0);

    let ledger = scene.facilitator.ledger();
    assert_eq!(
        printed(&ledger, "job-0").docker_process_stdout,
        "hello job-0"
    );
    let accepted = ledger.updates_of("job-0").next().expect("the first");
    let metadata = accepted.update.metadata.clone().expect("always there");
    let response = metadata.miner_response.expect("always there");
    assert_eq!(
        response.message_type.as_deref(),
        Some("V0ExecutorReadyRequest")
    );
    let version = ledger.versions[0].validator.clone().expect("a header");
    assert!(version.starts_with(env!("CARGO_PKG_VERSION")), "{version}");

    let miner = scene.miners[0].ledger();
    assert_eq!(miner.started_receipts.len(), 2);
    assert_eq!(miner.finished_receipts.len(), 2);
    assert_eq!(miner.finished_receipts[0].score_str, "0.000000");
    assert_eq!(miner.refused_receipts, 0);
    let rows = scene.host.store().last_organic_jobs(10).expect("readable");
    assert!(rows.iter().all(|row| row.status == "COMPLETED"), "{rows:?}");
    assert_eq!(count(&scene, "SELECT count(*) FROM receipts"), 4);
    let events = "SELECT count(*) FROM events WHERE type = 'MINER_ORGANIC_JOB_SUCCESS'";
    assert_eq!(count(&scene, events), 2);
}

fn count(scene: &Scene, sql: &str) -> i64 {
    let db = rusqlite::Connection::open(scene.host.database()).expect("it opens");
    db.query_row(sql, [], |row| row.get(0)).expect("a number")
}

/// One miner of each kind, one job for each, all at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_fail_is_told_and_kept_by_its_name() {
    use miner::Behaviour as Miner;
    let accepted = JobStatus::Accepted;
    let (failed, rejected) = (JobStatus::Failed, JobStatus::Rejected);
    let kinds = [
        (Miner::Declines, vec![rejected], "JOB_REJECTED"),
        (Miner::ExecutorFails, vec![rejected], "JOB_REJECTED"),
        (Miner::SilentAfterAccept, vec![failed], "JOB_NOT_STARTED"),
        (
            Miner::SilentAtJob,
            vec![accepted, failed],
            "JOB_EXECUTION_TIMEOUT",
        ),
    ];
    check(&kinds).await;
    let kinds = [
        (Miner::FailsJobs, vec![accepted, failed], "FAILURE"),
        (Miner::Unauthorized, vec![failed], "MINER_CONNECTION_ERROR"),
        (
            Miner::ClosesAt(miner::Step::Finish),
            vec![accepted, failed],
            "JOB_EXECUTION_TIMEOUT",
        ),
        (
            Miner::Garbage {
                is_honest_between: true,
            },
            vec![accepted, JobStatus::Completed],
            "SUCCESS",
        ),
    ];
    check(&kinds).await;
}

async fn check(kinds: &[(miner::Behaviour, Vec<JobStatus>, &str)]) {
    let behaviours: Vec<_> = kinds.iter().map(|(kind, ..)| kind.clone()).collect();
    let scene = Scene::new(&behaviours, Behaviour::Honest);
    for place in 0..kinds.len() {
        scene.order(scene.job(&format!("job-{place}"), place));
    }
    let relay = scene.relay(&[]);
    for (place, (kind, expected, _)) in kinds.iter().enumerate() {
        let told = scene.statuses(&format!("job-{place}")).await;
        assert_eq!(told, *expected, "{kind:?}");
    }
    relay.stop().await.success();
    for (place, (kind, _, subtype)) in kinds.iter().enumerate() {
        let events = format!(
            "SELECT count(*) FROM events WHERE type LIKE 'MINER_ORGANIC_JOB_%'
             AND subtype = '{subtype}' AND json_extract(data, '$.job_uuid') = 'job-{place}'"
        );
        assert_eq!(count(&scene, &events), 1, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_for_nobody_fails_and_one_for_a_blocked_miner_is_rejected() {
    let scene = Scene::honest(Behaviour::Honest);
    let blocked = scene.miners[0].hotkey().to_string();
    let mut store = scene.host.store();
    store
        .block_miner(&blocked, "cheats", chrono::Utc::now())
        .expect("kept");
    scene.order(scene.job("blocked", 0));
    let mut job = scene.job("unknown", 0);
    job.miner_hotkey = "nobody".to_owned();
    scene.order(job);
    let relay = scene.relay(&[]);
    assert_eq!(scene.statuses("blocked").await, [JobStatus::Rejected]);
    assert_eq!(scene.statuses("unknown").await, [JobStatus::Failed]);
    relay.stop().await.success();
    assert_eq!(scene.miners[0].ledger().connections, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_that_nobody_reaches_fails_the_job() {
    let mut scene = Scene::honest(Behaviour::Honest);
    scene.order(scene.job("job", 0));
    let gone = scene.miners.remove(0);
    drop(gone);
    let relay = scene.relay(&[]);
    assert_eq!(scene.statuses("job").await, [JobStatus::Failed]);
    relay.stop().await.success();
    let rows = scene.host.store().last_organic_jobs(1).expect("readable");
    assert!(rows[0].comment.contains("cannot be reached"), "{rows:?}");
}
