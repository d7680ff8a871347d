//! A whole batch against real miners on loopback, honest and not.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use horde_validator::devnet::miner::{Behaviour, Ledger, Miner, MinerConfig};
use horde_validator::hashjob::Size;
use horde_validator::keys::Keypair;
use horde_validator::miner::{MinerAddress, Tap};
use horde_validator::params::WeightsVersion;
use horde_validator::pass::Progress;
use horde_validator::scoring::DanceBonus;
use horde_validator::store::{BatchPlan, JobRow, Store};
use horde_validator::synthetic::batch::{BatchInput, BatchResult, Limits, run_batch};
use horde_validator::wire::ExecutorClass;
use horde_validator::wire::event::EventSubtype;
use tokio_util::sync::CancellationToken;

const CLASS: ExecutorClass = ExecutorClass::SpinUp4MinGpu24Gb;

/// Short where a test has to wait for the limit, long where only a slow machine would reach it.
fn limits() -> Limits {
    let mut limits = Limits::PRODUCTION.scaled(0.1);
    limits.manifest = Duration::from_secs(4);
    limits.receipts = Duration::from_secs(5);
    limits.late_answers = Duration::from_secs(4);
    limits.batch = Duration::from_secs(60);
    limits.miner.connect = Duration::from_secs(4);
    limits.miner.close = Duration::from_secs(4);
    limits
}

fn start(number: u8, count: i64, behaviour: Behaviour) -> Miner {
    let keypair = Keypair::from_seed(&[number; 32]);
    let config = MinerConfig::new(keypair, vec![(CLASS, count)]).behaving(behaviour);
    Miner::start(config).expect("a free port on loopback")
}

fn input(version: WeightsVersion, miners: &[Miner]) -> BatchInput {
    let address = |miner: &Miner| MinerAddress {
        hotkey: miner.hotkey().to_string(),
        host: miner.address().ip().to_string(),
        port: miner.address().port(),
    };
    BatchInput {
        uuid: "batch".into(),
        keypair: Arc::new(Keypair::from_seed(&[200; 32])),
        miners: miners.iter().map(address).collect(),
        previous_online: HashMap::new(),
        dance: DanceBonus {
            weights_version: version,
            threshold: 1.4,
            multiplier: 1.05,
        },
        executor_caps: BTreeMap::new(),
        hash_size: Some(Size::new(1, 1, 2).expect("620 passwords")),
        limits: limits(),
        tap: Tap::default(),
        now: Utc::now(),
    }
}

async fn run(input: BatchInput) -> BatchResult {
    run_batch(input, &Progress::hidden(), &CancellationToken::new()).await
}

/// The one job of the one miner, and what the miner saw.
async fn run_one(behaviour: Behaviour) -> (JobRow, Ledger, BatchResult) {
    let miners = [start(1, 1, behaviour)];
    let result = run(input(WeightsVersion::V4, &miners)).await;
    let [job] = &result.jobs[..] else {
        panic!("one job: {:?}", result.jobs)
    };
    (job.clone(), miners[0].ledger(), result)
}

fn subtypes(result: &BatchResult) -> Vec<EventSubtype> {
    let telemetry = [
        EventSubtype::Checkpoint,
        EventSubtype::SyntheticBatch,
        EventSubtype::SyntheticJob,
    ];
    let others = result.events.iter().map(|event| event.subtype);
    others
        .filter(|subtype| !telemetry.contains(subtype))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_miners_earn_a_score_in_every_weights_version() {
    for version in WeightsVersion::ALL {
        let miners = [
            start(1, 2, Behaviour::Honest),
            start(2, 3, Behaviour::Honest),
        ];
        let mut input = input(version, &miners);
        input.previous_online = HashMap::from([(miners[0].hotkey().to_string(), 2)]);
        let result = run(input).await;
        assert_eq!(result.note, "");
        assert_eq!(result.jobs.len(), 5, "{version:?}");
        for job in &result.jobs {
            assert!(job.completed, "{version:?}: {}", job.comment);
            assert!(job.score > 0.0);
            let is_steady = job.hotkey == miners[0].hotkey().to_string();
            let has_bonus = version >= WeightsVersion::V2 && !is_steady;
            assert_eq!(job.multiplier, has_bonus.then_some(1.05));
        }
        let online: u32 = result
            .miners
            .iter()
            .map(|miner| miner.manifest.as_ref().expect("sent").online)
            .sum();
        assert_eq!(online, 5);
        assert_eq!(result.receipts.len(), 10);
        let ledger = miners[1].ledger();
        assert_eq!(
            (
                ledger.started_receipts.len(),
                ledger.finished_receipts.len()
            ),
            (3, 3)
        );
        assert_eq!(ledger.refused_receipts, 0);
        assert_eq!(subtypes(&result), [EventSubtype::Success; 5]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_answer_earns_nothing_and_is_explained() {
    let (job, ledger, result) = run_one(Behaviour::Wrong).await;
    assert!(!job.completed && job.correct == Some(false) && job.score == 0.0);
    assert!(
        job.comment
            .starts_with("result does not match expected answer"),
        "{}",
        job.comment
    );
    assert_eq!(ledger.finished_receipts[0].score_str, "0");
    assert_eq!(subtypes(&result), [EventSubtype::Failure]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_answers_is_too_late() {
    let (job, ..) = run_one(Behaviour::Overwrites).await;
    assert_eq!((job.completed, job.correct), (false, Some(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_before_the_request_earns_nothing() {
    let (job, ledger, _) = run_one(Behaviour::OutOfOrder).await;
    assert_eq!((job.completed, job.score), (false, 0.0));
    assert_eq!(job.comment, "out of order job response");
    assert!(ledger.job_requests.is_empty());
    assert!(!job.times.contains_key("job_before_sent"));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_failures_are_told_apart() {
    let expected = [
        (
            Behaviour::Declines,
            "declined by the miner",
            EventSubtype::JobRejected,
        ),
        (
            Behaviour::ExecutorFails,
            "the executor failed to start",
            EventSubtype::JobRejected,
        ),
        (
            Behaviour::SilentAfterAccept,
            "no executor was ready in time",
            EventSubtype::JobNotStarted,
        ),
        (
            Behaviour::SilentAtJob,
            "timed out",
            EventSubtype::JobExecutionTimeout,
        ),
    ];
    for (behaviour, comment, subtype) in expected {
        let (job, _, result) = run_one(behaviour).await;
        assert_eq!((job.comment.as_str(), job.score), (comment, 0.0));
        assert_eq!(subtypes(&result), [subtype]);
    }
    let (job, _, result) = run_one(Behaviour::FailsJobs).await;
    assert!(
        job.comment.starts_with("failed: returncode="),
        "{}",
        job.comment
    );
    assert_eq!(subtypes(&result), [EventSubtype::Failure]);
    assert_eq!(result.receipts.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn miners_without_a_manifest_have_no_jobs_and_a_reason() {
    let expected = [
        (
            Behaviour::SilentAtManifest,
            "no manifest in time",
            EventSubtype::ManifestTimeout,
        ),
        (
            Behaviour::UnknownClass,
            "always_on.quantum",
            EventSubtype::ManifestError,
        ),
        (
            Behaviour::Unauthorized,
            "UNKNOWN_VALIDATOR",
            EventSubtype::Unauthorized,
        ),
    ];
    for (behaviour, comment, subtype) in expected {
        let miners = [start(1, 1, behaviour)];
        let result = run(input(WeightsVersion::V4, &miners)).await;
        assert!(result.jobs.is_empty() && result.miners[0].manifest.is_none());
        assert!(
            result.miners[0].comment.contains(comment),
            "{}",
            result.miners[0].comment
        );
        assert_eq!(subtypes(&result), [subtype]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn liars_do_not_disturb_the_honest() {
    let miners = [
        start(1, 1, Behaviour::HugeManifest),
        start(
            2,
            1,
            Behaviour::Garbage {
                is_honest_between: true,
            },
        ),
        start(3, 1, Behaviour::Huge { mebibytes: 40 }),
        start(4, 2, Behaviour::Honest),
    ];
    let mut input = input(WeightsVersion::V4, &miners);
    input.limits.executors_per_miner = 8;
    let result = run(input).await;
    let jobs_of = |miner: &Miner| {
        let hotkey = miner.hotkey().to_string();
        result.jobs.iter().filter(move |job| job.hotkey == hotkey)
    };
    assert_eq!(jobs_of(&miners[0]).count(), 8);
    assert!(jobs_of(&miners[1]).all(|job| job.completed));
    assert!(jobs_of(&miners[2]).all(|job| !job.completed && job.comment.len() < 10_000));
    assert_eq!(jobs_of(&miners[3]).filter(|job| job.completed).count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_batch_keeps_what_it_knows() {
    let miners = [
        start(1, 1, Behaviour::Honest),
        start(2, 1, Behaviour::SilentAtJob),
    ];
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    let silent = miners[1].hotkey().to_string();
    let input = input(WeightsVersion::V4, &miners);
    let asked = async {
        while miners
            .iter()
            .any(|miner| miner.ledger().job_requests.is_empty())
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        stopping.cancel();
    };
    let progress = Progress::hidden();
    let (result, ()) = tokio::join!(run_batch(input, &progress, &stop), asked);
    assert_eq!(result.note, "stopped before it was over");
    assert_eq!(result.jobs.len(), 2);
    for job in &result.jobs {
        assert_eq!(job.completed, job.hotkey != silent, "{}", job.comment);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn llm_executors_get_no_jobs_and_the_lack_is_recorded() {
    let keypair = Keypair::from_seed(&[1; 32]);
    let executors = vec![(ExecutorClass::AlwaysOnLlmA6000, 3), (CLASS, 1)];
    let miners = [Miner::start(MinerConfig::new(keypair, executors)).expect("a free port")];
    let mut input = input(WeightsVersion::V4, &miners);
    input.executor_caps = BTreeMap::from([(ExecutorClass::AlwaysOnLlmA6000, 2)]);
    let result = run(input).await;
    assert_eq!(result.jobs.len(), 1);
    let lack = result
        .events
        .iter()
        .find(|e| e.subtype == EventSubtype::InsufficientPrompts);
    assert_eq!(lack.expect("recorded").data["prompt_samples_required"], 2);
    let manifest = result.miners[0].manifest.as_ref().expect("sent");
    assert_eq!(manifest.classes["always_on.llm.a6000"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_batch_brought_is_kept_and_counts_in_the_next_one() {
    let miners = [
        start(1, 2, Behaviour::Honest),
        start(2, 1, Behaviour::SilentAtManifest),
    ];
    let result = run(input(WeightsVersion::V4, &miners)).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::open_or_create(&folder.path().join("horde.db")).expect("a new database");
    let plan = BatchPlan {
        cycle_start: 0,
        cycle_stop: 722,
        block: 24,
    };
    let batch = store.start_batch_now(plan, Utc::now()).expect("started");
    store.keep_batch(&result.into_record(batch)).expect("kept");
    let scores = store.job_scores(batch).expect("read");
    assert_eq!(scores.len(), 2);
    assert!(
        scores
            .iter()
            .all(|(_, class, score)| class == CLASS.name() && *score > 0.0)
    );
    let next = store.start_batch_now(plan, Utc::now()).expect("started");
    let previous = store.previous_online(next).expect("read");
    assert_eq!(
        previous,
        HashMap::from([(miners[0].hotkey().to_string(), 2)])
    );
}
