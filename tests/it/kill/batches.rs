//! Killing the passes that plan and run batches.

use std::net::SocketAddr;
use std::time::Duration;

use chrono::Utc;
use horde_validator::devnet::miner::{Miner, MinerConfig};
use horde_validator::devnet::node::{Config, Hyperparameters, Production};
use horde_validator::schedule::{Cycle, cycle_containing};
use horde_validator::store::{BatchPlan, BatchRow, BatchState};
use horde_validator::wire::ExecutorClass;
use horde_validator::wire::event::{Event, EventSubtype, EventType};
use serde_json::json;

use super::host::{CLASS, Host, KNOWN, NETUID, at_every_point, neurons};

const TEMPO: u16 = 99;
/// Executors of each miner.
const EXECUTORS: [i64; 2] = [1, 2];

fn cycle() -> Cycle {
    cycle_containing(1_000_000, NETUID, TEMPO)
}

/// A chain whose first block is the one before the cycle's first.
fn config(axons: [Option<SocketAddr>; 2]) -> Config {
    Config {
        netuid: NETUID,
        start_block: u64::try_from(cycle().start).expect("a height"),
        production: Production::Manual,
        block_time: Duration::from_secs(1),
        neurons: neurons(axons),
        hyperparameters: Hyperparameters {
            tempo: TEMPO,
            ..Hyperparameters::default()
        },
        ..Config::default()
    }
}

/// Stores a plan as an earlier pass would have.
fn plan(host: &Host, cycle: Cycle, block: i64) {
    let plan = BatchPlan {
        cycle_start: cycle.start,
        cycle_stop: cycle.stop,
        block,
    };
    let now = Utc::now();
    let event = Event::new(
        EventType::ValidatorTelemetry,
        EventSubtype::Checkpoint,
        now,
        "planned by the test",
    );
    host.prepare(|store| {
        let id = store.plan_batch(plan, &event, now).expect("stored");
        assert!(id.is_some());
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_is_planned_once_wherever_planning_is_killed() {
    let points = at_every_point(async |point| {
        let host = Host::start(config([None, None]), &[]);
        let missed = cycle_containing(cycle().start, NETUID, TEMPO);
        plan(&host, missed, missed.stop - 50);
        let is_killed = host.is_killed("schedule-synthetic", point).await;
        host.left();
        host.pass("schedule-synthetic").await;
        let left = host.left();
        let states: Vec<(i64, BatchState)> = left
            .store
            .last_batches(10)
            .expect("read")
            .iter()
            .map(|batch| (batch.plan.cycle_start, batch.state))
            .collect();
        let expected = [
            (cycle().start, BatchState::Planned),
            (missed.start, BatchState::Missed),
        ];
        assert_eq!(states, expected, "killed at point {point}");
        let scheduled = left.events(
            EventType::ValidatorSyntheticJobScheduled,
            EventSubtype::Success,
        );
        let overslept = left.events(
            EventType::ValidatorSyntheticJobsFailure,
            EventSubtype::Overslept,
        );
        assert_eq!((scheduled, overslept), (1, 1), "killed at point {point}");
        is_killed
    })
    .await;
    assert!(points >= 10, "{points} points");
}

/// Every point is tried: a batch of three jobs has few enough.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_run_once_and_kept_whole_wherever_it_is_killed() {
    let points = at_every_point(async |point| {
        let class: ExecutorClass = CLASS.parse().expect("a class");
        let start = |place: usize| {
            let keypair = KNOWN.miners[place].keypair();
            Miner::start(MinerConfig::new(keypair, vec![(class, EXECUTORS[place])]))
                .expect("a free port")
        };
        let miners = [start(0), start(1)];
        let axons = [0, 1].map(|place: usize| Some(miners[place].address()));
        let pins = [("DYNAMIC_WEIGHTS_VERSION", json!(4))];
        let host = Host::start(config(axons), &pins);
        plan(&host, cycle(), cycle().start + 1);

        let is_killed = host.is_killed("run-synthetic", point).await;
        assert_whole(&host, point);
        host.pass("run-synthetic").await;
        let batch = assert_whole(&host, point);
        let is_over = matches!(batch.state, BatchState::Done | BatchState::Broken);
        assert!(is_over, "killed at point {point}: {batch:?}");
        assert!(
            is_killed || batch.state == BatchState::Done,
            "point {point}: {batch:?}"
        );
        for (miner, executors) in miners.iter().zip(EXECUTORS) {
            let seen = miner.ledger();
            let requests = [&seen.initial_requests, &seen.job_requests];
            for requests in requests {
                assert!(
                    requests.values().all(|times| *times == 1),
                    "killed at point {point}: {requests:?}"
                );
                // a second run would have jobs of its own
                assert!(
                    i64::try_from(requests.len()).is_ok_and(|jobs| jobs <= executors),
                    "killed at point {point}: {requests:?}"
                );
            }
        }
        is_killed
    })
    .await;
    assert!(points >= 30, "{points} points");
}

/// All jobs of the batch are there, or none. Returns the one batch there is.
fn assert_whole(host: &Host, point: u64) -> BatchRow {
    let left = host.left();
    let [batch] = &left.store.last_batches(10).expect("read")[..] else {
        panic!("killed at point {point}: not one batch")
    };
    let is_done = batch.state == BatchState::Done;
    let jobs: i64 = if is_done { EXECUTORS.iter().sum() } else { 0 };
    assert_eq!(
        left.count("SELECT count(*) FROM jobs"),
        jobs,
        "killed at point {point}: {batch:?}"
    );
    let miners = if is_done { EXECUTORS.len() } else { 0 };
    assert_eq!(
        left.count("SELECT count(*) FROM batch_miners"),
        i64::try_from(miners).expect("two"),
        "killed at point {point}"
    );
    let broken = left.events(
        EventType::ValidatorSyntheticJobsFailure,
        EventSubtype::GenericError,
    );
    let is_broken = batch.state == BatchState::Broken;
    assert_eq!(
        broken,
        usize::from(is_broken),
        "killed at point {point}: {batch:?}"
    );
    batch.clone()
}
