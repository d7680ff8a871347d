//! Killing the pass that writes weights, for each way that they take to the chain.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::Utc;
use horde_validator::devnet::node::{
    Commit, CommitScheme, Config, Hyperparameters, Outcome, Production,
};
use horde_validator::scoring::Commitment;
use horde_validator::store::{
    BatchPlan, BatchRecord, JobRow, ManifestRow, MinerRow, WeightsRow, WeightsState,
};
use horde_validator::weights;
use horde_validator::wire::event::{Event, EventSubtype, EventType};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::host::{CLASS, Host, KNOWN, Left, NETUID, UID, at_every_point, neurons};

const PASS: &str = "set-weights";
/// Passes after the killed one until everything is settled; more would be a pass that waits for
/// nothing.
const MOST_PASSES: usize = 5;
/// Begins the commit window, see `pins`.
const FIRST_BLOCK: u64 = 1_000_000;
/// Blocks of one interval, far more than any case needs.
const INTERVAL: u64 = 2_000;
const SCORES: [f64; 2] = [1.0, 2.0];

/// How a generation of the chain is made quick to test.
struct Pace {
    scheme: CommitScheme,
    block_time: Duration,
    tempo: u16,
    /// Blocks after which an extrinsic that was never sent is surely dead: 30 s of them, as a
    /// power of two, and what finalizes the last one.
    life: u64,
}

impl Pace {
    fn of(scheme: CommitScheme) -> Self {
        match scheme {
            // has to wait for a real second or two: an epoch lasts one
            CommitScheme::Timelocked => Self {
                scheme,
                block_time: Duration::from_millis(100),
                tempo: 9,
                life: 512 + 3,
            },
            CommitScheme::Off | CommitScheme::BlockIntervals | CommitScheme::Epochs => Self {
                scheme,
                block_time: Duration::from_millis(500),
                tempo: 99,
                life: 64 + 3,
            },
        }
    }

    fn start(&self) -> Host {
        let config = Config {
            scheme: self.scheme,
            netuid: NETUID,
            start_block: FIRST_BLOCK,
            // with blocks that come on demand and yet carry the time of the clock
            production: Production::Timed,
            block_time: self.block_time,
            neurons: neurons([None, None]),
            hyperparameters: Hyperparameters {
                tempo: self.tempo,
                // a second write would not be refused, but counted
                weights_rate_limit: 0,
                commit_reveal_interval: u64::from(self.tempo) + 1,
                ..Hyperparameters::default()
            },
            ..Config::default()
        };
        let pins = [
            (
                "DYNAMIC_EXECUTOR_CLASS_WEIGHTS",
                json!(format!("{CLASS}=1")),
            ),
            ("DYNAMIC_COMMIT_REVEAL_WEIGHTS_INTERVAL", json!(INTERVAL)),
            ("DYNAMIC_COMMIT_REVEAL_COMMIT_START_OFFSET", json!(0)),
            ("DYNAMIC_COMMIT_REVEAL_COMMIT_END_BUFFER", json!(0)),
        ];
        let host = Host::start(config, &pins);
        host.node.fault(|faults| faults.stalled = true);
        self.begin_epoch(&host);
        keep_a_batch(&host);
        host
    }

    /// Nothing is committed shortly before an epoch ends.
    fn begin_epoch(&self, host: &Host) {
        let length = u64::from(self.tempo) + 1;
        let into = (host.node.block() + u64::from(NETUID) + 1) % length;
        host.node.produce_blocks((length - into) % length);
    }

    /// Makes the blocks that the next pass waits for.
    async fn go_on(&self, host: &Host) {
        let node = &host.node;
        if node.pending() > 0 {
            // the next pass is to find it in the pool
            return;
        }
        let seen: Vec<String> = node
            .ledger()
            .iter()
            .map(|entry| format!("0x{}", hex::encode(entry.hash)))
            .collect();
        let intents = host.left().store.pending_intents("").expect("read");
        let was_sent = |extrinsic: &str| seen.iter().any(|hash| hash == extrinsic);
        let is_dead = intents
            .iter()
            .any(|intent| !intent.detail["extrinsic"].as_str().is_some_and(was_sent));
        if is_dead {
            node.produce_blocks(self.life);
            if self.scheme == CommitScheme::Timelocked {
                self.begin_epoch(host);
            }
        }
        match node.commits_of(&KNOWN.validator.hotkey()).first() {
            Some(Commit::Hash { window, .. }) => node.produce_to(window.0),
            Some(Commit::Timelocked { .. }) => self.wait_for_opening(host).await,
            None => (),
        }
    }

    /// The rounds of the beacon follow the clock, so from here on blocks do as well.
    async fn wait_for_opening(&self, host: &Host) {
        host.node.fault(|faults| faults.stalled = false);
        let deadline = Instant::now() + Duration::from_secs(30);
        while host.node.weights_of(UID).is_empty() {
            assert!(Instant::now() < deadline, "the chain never opens it");
            sleep(self.block_time).await;
        }
    }
}

/// A finished batch of a cycle that is over: one job of each miner.
fn keep_a_batch(host: &Host) {
    let now = Utc::now();
    let block = i64::try_from(FIRST_BLOCK).expect("a height");
    let plan = BatchPlan {
        cycle_start: block - i64::try_from(INTERVAL).expect("a height"),
        cycle_stop: block,
        block,
    };
    let event = Event::new(
        EventType::ValidatorTelemetry,
        EventSubtype::Checkpoint,
        now,
        "planned by the test",
    );
    let miners: Vec<(String, f64)> = KNOWN
        .miners
        .iter()
        .map(|miner| miner.hotkey().to_string())
        .zip(SCORES)
        .collect();
    let miner = |(hotkey, _): &(String, f64)| MinerRow {
        hotkey: hotkey.clone(),
        address: "127.0.0.1".to_owned(),
        ip_version: 4,
        port: 8000,
        manifest: Some(ManifestRow {
            classes: BTreeMap::from([(CLASS.to_owned(), 1)]),
            online: 1,
        }),
        comment: String::new(),
    };
    let job = |(hotkey, score): &(String, f64)| JobRow {
        uuid: format!("job of {hotkey}"),
        hotkey: hotkey.clone(),
        address: "127.0.0.1".to_owned(),
        ip_version: 4,
        port: 8000,
        executor_class: CLASS.to_owned(),
        completed: true,
        correct: Some(true),
        comment: String::new(),
        description: String::new(),
        score: *score,
        multiplier: None,
        time_took_us: Some(1),
        times: BTreeMap::new(),
    };
    host.prepare(|store| {
        let batch = store.plan_batch(plan, &event, now).expect("stored");
        let batch = batch.expect("the first one");
        assert!(store.start_batch(batch, block, now).expect("stored"));
        let record = BatchRecord {
            batch,
            ended_at: now,
            note: String::new(),
            telemetry: json!({}),
            miners: miners.iter().map(miner).collect(),
            jobs: miners.iter().map(job).collect(),
            samples: Vec::new(),
            receipts: Vec::new(),
            specs: Vec::new(),
            events: Vec::new(),
        };
        store.keep_batch(&record).expect("kept");
    });
}

/// What comes before the pass that is killed.
#[derive(Clone, Copy)]
enum Before {
    Nothing,
    /// A pass that nobody killed.
    Whole,
    /// One that was killed at this point, while what it had sent was in the pool.
    Killed(u64),
}

/// Kills a pass at this point, and goes on until all is settled.
async fn is_killed(scheme: CommitScheme, before: Before, point: u64) -> bool {
    let pace = Pace::of(scheme);
    let host = pace.start();
    match before {
        Before::Nothing => (),
        Before::Whole => {
            host.pass(PASS).await;
            pace.go_on(&host).await;
        }
        Before::Killed(earlier) => {
            assert!(host.is_killed(PASS, earlier).await);
            assert_eq!(host.node.pending(), 1);
        }
    }
    let is_killed = host.is_killed(PASS, point).await;
    assert_can_be_revealed(&host, point);
    let mut passes = 0;
    while !is_settled(&host.left()) {
        passes += 1;
        assert!(
            passes <= MOST_PASSES,
            "killed at point {point}: {:?}",
            host.left().store.last_weights(10)
        );
        pace.go_on(&host).await;
        host.pass(PASS).await;
        assert_can_be_revealed(&host, point);
    }
    // and it stays so
    host.pass(PASS).await;
    assert_written_once(scheme, &host, point);
    is_killed
}

fn is_settled(left: &Left) -> bool {
    let rows = left.store.last_weights(10).expect("read");
    let intents = left.store.pending_intents("").expect("read");
    intents.is_empty() && rows.iter().any(|row| row.state == WeightsState::Final)
}

/// What the chain holds sealed, this disk can reveal.
fn assert_can_be_revealed(host: &Host, point: u64) {
    let rows = host.left().store.last_weights(10).expect("read");
    for commit in host.node.commits_of(&KNOWN.validator.hotkey()) {
        let is_known = rows.iter().any(|row| match commit {
            Commit::Hash { hash, .. } => commitment(row) == hash,
            Commit::Timelocked { round, .. } => row.reveal_round == Some(round),
        });
        assert!(is_known, "killed at point {point}: {commit:?}, {rows:?}");
    }
}

fn commitment(row: &WeightsRow) -> [u8; 32] {
    let uids: Vec<u16> = row.entries.iter().map(|entry| entry.uid).collect();
    let values: Vec<u16> = row.entries.iter().map(|entry| entry.value).collect();
    Commitment {
        account: KNOWN.validator.hotkey().public(),
        netuid: row.netuid,
        uids: &uids,
        values: &values,
        salt: Some(&row.salt),
        version_key: row.version_key,
    }
    .hash()
}

fn assert_written_once(scheme: CommitScheme, host: &Host, point: u64) {
    let extrinsics: Vec<(&str, Outcome)> = host
        .node
        .ledger()
        .into_iter()
        .map(|entry| (entry.call, entry.outcome))
        .collect();
    let calls: &[&str] = match scheme {
        CommitScheme::Off => &["set_weights"],
        CommitScheme::BlockIntervals | CommitScheme::Epochs => {
            &["commit_weights", "reveal_weights"]
        }
        CommitScheme::Timelocked => &["commit_timelocked_weights"],
    };
    let expected: Vec<(&str, Outcome)> = calls
        .iter()
        .map(|call| (*call, Outcome::Succeeded))
        .collect();
    assert_eq!(extrinsics, expected, "killed at point {point}");

    let left = host.left();
    let rows = left.store.last_weights(10).expect("read");
    let [row] = &rows[..] else {
        panic!("killed at point {point}: {rows:?}")
    };
    assert_eq!(row.state, WeightsState::Final, "killed at point {point}");
    let in_force = host.node.weights_of(UID);
    assert!(
        weights::matches(&row.entries, &in_force),
        "killed at point {point}: {row:?}, {in_force:?}"
    );
    let batches = left.store.last_batches(10).expect("read");
    let of_batches: Vec<_> = batches.iter().map(|batch| batch.weights_id).collect();
    assert_eq!(of_batches, [Some(row.id)], "killed at point {point}");

    let said = |subtype| left.events(EventType::WeightSettingSuccess, subtype);
    let (set, committed, revealed) = (
        said(EventSubtype::SetWeightsSuccess),
        said(EventSubtype::CommitWeightsSuccess),
        said(EventSubtype::RevealWeightsSuccess),
    );
    let expected = match scheme {
        // once set, and once read back
        CommitScheme::Off => (2, 0, 0),
        _ => (0, 1, 1),
    };
    assert_eq!(
        (set, committed, revealed),
        expected,
        "killed at point {point}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_are_set_once_wherever_setting_is_killed() {
    let points =
        at_every_point(async |point| is_killed(CommitScheme::Off, Before::Nothing, point).await)
            .await;
    assert!(points >= 18, "{points} points");
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_are_committed_once_per_epoch_wherever_committing_is_killed() {
    let case = async |point| is_killed(CommitScheme::Epochs, Before::Nothing, point).await;
    let points = at_every_point(case).await;
    assert!(points >= 16, "{points} points");
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_are_revealed_once_per_epoch_wherever_revealing_is_killed() {
    let case = async |point| is_killed(CommitScheme::Epochs, Before::Whole, point).await;
    let points = at_every_point(case).await;
    assert!(points >= 12, "{points} points");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pass_that_settles_what_a_killed_one_sent_may_be_killed_too() {
    let scheme = CommitScheme::Epochs;
    let mut sent = 1;
    loop {
        let host = Pace::of(scheme).start();
        assert!(host.is_killed(PASS, sent).await, "nothing was ever sent");
        if host.node.pending() > 0 {
            break;
        }
        sent += 1;
    }
    let case = async |point| is_killed(scheme, Before::Killed(sent), point).await;
    let points = at_every_point(case).await;
    assert!(points >= 10, "{points} points");
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_are_committed_once_per_interval_wherever_committing_is_killed() {
    let case = async |point| is_killed(CommitScheme::BlockIntervals, Before::Nothing, point).await;
    let points = at_every_point(case).await;
    assert!(points >= 16, "{points} points");
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_are_revealed_once_per_interval_wherever_revealing_is_killed() {
    let case = async |point| is_killed(CommitScheme::BlockIntervals, Before::Whole, point).await;
    let points = at_every_point(case).await;
    assert!(points >= 12, "{points} points");
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_are_time_locked_once_wherever_committing_is_killed() {
    let case = async |point| is_killed(CommitScheme::Timelocked, Before::Nothing, point).await;
    let points = at_every_point(case).await;
    assert!(points >= 18, "{points} points");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_chain_opened_is_noted_once_wherever_noting_is_killed() {
    let case = async |point| is_killed(CommitScheme::Timelocked, Before::Whole, point).await;
    let points = at_every_point(case).await;
    assert!(points >= 8, "{points} points");
}
