//! Killing the pass that fetches receipts.

use std::net::SocketAddr;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use horde_validator::devnet::miner::{Miner, MinerConfig, ReceiptsFile};
use horde_validator::devnet::node::{Config, Production};
use horde_validator::keys::Keypair;
use horde_validator::store::{BatchPlan, BatchRecord, ReceiptRow};
use horde_validator::wire::receipt::{Receipt, ReceiptKind, StartedReceipt};
use horde_validator::wire::{ExecutorClass, event};
use serde_json::json;

use super::host::{Host, KNOWN, NETUID, at_every_point, neurons};

/// Jobs of the miner, with two receipts each.
const JOBS: u32 = 3;

fn config(axons: [Option<SocketAddr>; 2]) -> Config {
    Config {
        netuid: NETUID,
        production: Production::Manual,
        block_time: Duration::from_secs(1),
        neurons: neurons(axons),
        ..Config::default()
    }
}

/// A receipt of ours that the miner has countersigned.
fn own(miner: &Miner, validator: &Keypair) -> StartedReceipt {
    let receipt = StartedReceipt {
        job_uuid: "a job of ours".to_owned(),
        miner_hotkey: miner.hotkey().to_string(),
        validator_hotkey: validator.hotkey().to_string(),
        executor_class: ExecutorClass::DEFAULT,
        time_accepted: (Utc::now() - TimeDelta::minutes(1)).fixed_offset(),
        max_timeout: 60,
    };
    miner.publish(Receipt::Started(receipt.clone()), validator);
    receipt
}

/// Keeps the copy of it, and one of another receipt that is older than any is kept.
fn keep_own(host: &Host, receipt: &StartedReceipt, validator: &Keypair) {
    let now = Utc::now();
    let row = |job: &str, age: TimeDelta| ReceiptRow {
        kind: ReceiptKind::Started.name(),
        job_uuid: job.to_owned(),
        miner_hotkey: receipt.miner_hotkey.clone(),
        validator_hotkey: receipt.validator_hotkey.clone(),
        validator_signature: validator.sign(receipt.blob().as_bytes()).to_string(),
        time: now - age,
        payload: json!(receipt),
    };
    let receipts = vec![
        row(&receipt.job_uuid, TimeDelta::minutes(1)),
        row("an old job", TimeDelta::days(8)),
    ];
    let plan = BatchPlan {
        cycle_start: 0,
        cycle_stop: 1,
        block: 1,
    };
    host.prepare(|store| {
        let batch = store.start_batch_now(plan, now).expect("kept");
        let record = BatchRecord {
            batch,
            ended_at: now,
            note: String::new(),
            telemetry: json!({}),
            miners: Vec::new(),
            jobs: Vec::new(),
            receipts,
            events: Vec::new(),
            specs: Vec::new(),
            samples: Vec::new(),
        };
        store.keep_batch(&record).expect("kept");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_kept_once_wherever_fetching_is_killed() {
    let validator = KNOWN.validator.keypair();
    let miner = |place: usize, file| {
        let config = MinerConfig::new(KNOWN.miners[place].keypair(), Vec::new());
        Miner::start(config.publishing(file)).expect("a free port")
    };
    let miners = [
        miner(0, ReceiptsFile::Honest),
        miner(1, ReceiptsFile::Status(404)),
    ];
    miners[0].publish_jobs(0..JOBS, Utc::now(), &validator);
    let receipt = own(&miners[0], &validator);
    let expected = i64::from(2 * JOBS) + 1;
    let points = at_every_point(async |point| {
        let axons = [0, 1].map(|place: usize| Some(miners[place].address()));
        let host = Host::start(config(axons), &[]);
        keep_own(&host, &receipt, &validator);
        let is_killed = host.is_killed("fetch-receipts", point).await;
        let left = host.left();
        let kept = left.count("SELECT count(*) FROM receipts WHERE miner_signature IS NOT NULL");
        // one chunk, one transaction
        assert!([0, expected].contains(&kept), "killed at point {point}");
        host.pass("fetch-receipts").await;
        let left = host.left();
        let kept = left.count("SELECT count(*) FROM receipts WHERE miner_signature IS NOT NULL");
        let all = left.count("SELECT count(*) FROM receipts");
        assert_eq!((kept, all), (expected, expected), "killed at point {point}");
        let failures = left.events(
            event::EventType::ReceiptFailure,
            event::EventSubtype::ReceiptFetchError,
        );
        assert!((1..=2).contains(&failures), "killed at point {point}");
        is_killed
    })
    .await;
    assert!(points >= 8, "{points} points");
}
