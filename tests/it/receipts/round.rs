//! One round: many miners, of which some misbehave, and a database.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use horde_validator::devnet::miner::{Miner, ReceiptsFile};
use horde_validator::http;
use horde_validator::keys::{Keypair, verify};
use horde_validator::miner::MinerAddress;
use horde_validator::pass::Progress;
use horde_validator::receipts::{Limits, Report, fetch_all};
use horde_validator::store::{BatchPlan, BatchRecord, ReceiptRow, Store};
use horde_validator::wire::ExecutorClass;
use horde_validator::wire::receipt::{Receipt, ReceiptKind, StartedReceipt};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{count, honest, just_now, miner};
use crate::host;

/// Limits for miners that hang or go on forever, so that a test does not.
fn limits() -> Limits {
    Limits {
        file: http::Limits {
            idle: Duration::from_millis(1_500),
            total: Duration::from_secs(20),
            bytes: 4 << 20,
        },
        ..Limits::PRODUCTION
    }
}

/// A database, and the key that signs in it.
struct Validator {
    folder: tempfile::TempDir,
    store: Store,
    keypair: Keypair,
}

impl Validator {
    fn new() -> Self {
        // what the real program does first; another test may have been faster
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open_or_create(&folder.path().join("horde.db")).expect("a database");
        Self {
            folder,
            store,
            keypair: Keypair::from_seed(&[1; 32]),
        }
    }

    async fn round(&mut self, miners: &[&Miner]) -> Report {
        self.limited_round(miners, &limits()).await
    }

    async fn limited_round(&mut self, miners: &[&Miner], limits: &Limits) -> Report {
        let miners = miners.iter().map(|miner| address(miner)).collect();
        let stop = CancellationToken::new();
        let progress = Progress::hidden();
        fetch_all(
            &mut self.store,
            miners,
            limits,
            &progress,
            &stop,
            Utc::now(),
        )
        .await
        .expect("the database holds")
    }

    /// Keeps copies of receipts as a batch does.
    fn keep_own(&mut self, receipts: Vec<ReceiptRow>) {
        let plan = BatchPlan {
            cycle_start: 0,
            cycle_stop: 1,
            block: 1,
        };
        let batch = self.store.start_batch_now(plan, Utc::now()).expect("kept");
        let record = BatchRecord {
            batch,
            ended_at: Utc::now(),
            note: String::new(),
            telemetry: json!({}),
            miners: Vec::new(),
            jobs: Vec::new(),
            receipts,
            events: Vec::new(),
            specs: Vec::new(),
            samples: Vec::new(),
        };
        self.store.keep_batch(&record).expect("kept");
    }

    /// The copy of a receipt that this validator signed.
    fn own(&self, receipt: &StartedReceipt) -> ReceiptRow {
        ReceiptRow {
            kind: ReceiptKind::Started.name(),
            job_uuid: receipt.job_uuid.clone(),
            miner_hotkey: receipt.miner_hotkey.clone(),
            validator_hotkey: receipt.validator_hotkey.clone(),
            validator_signature: self.keypair.sign(receipt.blob().as_bytes()).to_string(),
            time: receipt.time_accepted.with_timezone(&Utc),
            payload: serde_json::to_value(receipt).expect("JSON"),
        }
    }

    fn count(&self, condition: &str) -> i64 {
        count(&self.folder.path().join("horde.db"), condition)
    }

    /// What the events say about each miner that failed: hotkey, port and why.
    fn events(&self) -> Vec<(String, u64, String)> {
        let db = rusqlite::Connection::open(self.folder.path().join("horde.db")).expect("it opens");
        let mut query = db
            .prepare(
                "SELECT data, description FROM events
                 WHERE type = 'RECEIPT_FAILURE' AND subtype = 'RECEIPT_FETCH_ERROR'",
            )
            .expect("a query");
        let rows = query.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        });
        rows.expect("rows")
            .map(|row| {
                let (data, description) = row.expect("a row");
                let data: Value = serde_json::from_str(&data).expect("JSON");
                assert_eq!(data["miner_ip"], "127.0.0.1");
                let hotkey = data["miner_hotkey"].as_str().expect("a hotkey");
                let port = data["miner_port"].as_u64().expect("a port");
                (hotkey.to_owned(), port, description)
            })
            .collect()
    }
}

fn started(miner: &Miner, validator: &Keypair, job: &str, time: DateTime<Utc>) -> StartedReceipt {
    StartedReceipt {
        job_uuid: job.to_owned(),
        miner_hotkey: miner.hotkey().to_string(),
        validator_hotkey: validator.hotkey().to_string(),
        executor_class: ExecutorClass::DEFAULT,
        time_accepted: time.fixed_offset(),
        max_timeout: 60,
    }
}

fn address(miner: &Miner) -> MinerAddress {
    MinerAddress {
        hotkey: miner.hotkey().to_string(),
        host: miner.address().ip().to_string(),
        port: miner.address().port(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_kept_once_and_a_second_round_looks_at_none_of_them_again() {
    let mut validator = Validator::new();
    let miners = [honest(7, 0..700), honest(8, 0..1)];
    let report = validator.round(&[&miners[0], &miners[1]]).await;
    assert_eq!((report.answered, report.new), (2, 1_402));
    assert_eq!(validator.count("miner_signature IS NOT NULL"), 1_402);
    let report = validator.round(&[&miners[0], &miners[1]]).await;
    assert_eq!((report.new, report.rows.known), (0, 1_402));
    // what comes on top is all that is new
    miners[1].publish_jobs(1..3, Utc::now(), &Keypair::from_seed(&[2; 32]));
    let report = validator.round(&[&miners[0], &miners[1]]).await;
    assert_eq!((report.new, report.rows.known), (4, 1_402));
    assert_eq!(report.rows.refused, 0);
    assert!(validator.events().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_can_be_verified_from_the_database_alone() {
    let mut validator = Validator::new();
    let miner = honest(7, 0..3);
    validator.round(&[&miner]).await;
    let db = rusqlite::Connection::open(validator.folder.path().join("horde.db"));
    let db = db.expect("it opens");
    let mut query = db
        .prepare(
            "SELECT payload, validator_hotkey, validator_signature, miner_signature FROM receipts",
        )
        .expect("a query");
    let mut rows = query.query([]).expect("rows");
    let mut seen = 0;
    while let Some(row) = rows.next().expect("a row") {
        let [payload, hotkey, validators, miners] =
            [0, 1, 2, 3].map(|i| row.get::<_, String>(i).expect("text"));
        for (hotkey, signature) in [(hotkey, validators), (miner.hotkey().to_string(), miners)] {
            let (hotkey, signature) = (hotkey.parse().unwrap(), signature.parse().unwrap());
            assert!(verify(&hotkey, payload.as_bytes(), &signature));
        }
        seen += 1;
    }
    assert_eq!(seen, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_copy_gets_the_signature_of_the_miner() {
    let mut validator = Validator::new();
    let miner = miner(7, ReceiptsFile::Honest);
    let job = |name: &str| started(&miner, &validator.keypair, name, just_now());
    let (same, other, silent) = (job("same"), job("other"), job("silent"));
    let copies = [&same, &other, &silent].map(|receipt| validator.own(receipt));
    validator.keep_own(copies.into());
    miner.publish(Receipt::Started(same), &validator.keypair);
    // something else than what was signed for this job
    let changed = StartedReceipt {
        max_timeout: 61,
        ..other
    };
    miner.publish(Receipt::Started(changed), &validator.keypair);
    let report = validator.round(&[&miner]).await;
    assert_eq!((report.new, report.countersigned), (0, 1));
    assert_eq!(validator.count("miner_signature IS NOT NULL"), 1);
    assert_eq!(
        validator.count("miner_signature IS NOT NULL AND job_uuid = 'same'"),
        1
    );
    let report = validator.round(&[&miner]).await;
    assert_eq!((report.new, report.countersigned), (0, 0));
}

/// A miner learns the uuid of a job before our copy of its receipts is kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_under_another_name_does_not_take_the_place_of_our_own() {
    let mut validator = Validator::new();
    let miner = miner(7, ReceiptsFile::Honest);
    let friend = Keypair::from_seed(&[3; 32]);
    let false_claim = started(&miner, &friend, "a job of ours", just_now());
    miner.publish(Receipt::Started(false_claim), &friend);
    assert_eq!(validator.round(&[&miner]).await.new, 1);
    let ours = started(&miner, &validator.keypair, "a job of ours", just_now());
    validator.keep_own(vec![validator.own(&ours)]);
    let condition = format!("validator_hotkey = '{}'", validator.keypair.hotkey());
    assert_eq!(validator.count(&condition), 1);
    // nor does it come back
    validator.round(&[&miner]).await;
    assert_eq!(validator.count(&condition), 1);
    assert_eq!(validator.count("true"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_taken_up_to_an_hour_late() {
    let mut validator = Validator::new();
    let miner = miner(7, ReceiptsFile::Honest);
    let another = Keypair::from_seed(&[2; 32]);
    let publish = |minutes_ago: i64| {
        let time = Utc::now() - TimeDelta::minutes(minutes_ago);
        let job = format!("{minutes_ago} minutes ago");
        miner.publish(
            Receipt::Started(started(&miner, &another, &job, time)),
            &another,
        );
    };
    publish(10);
    validator.round(&[&miner]).await;
    publish(60);
    publish(80);
    let report = validator.round(&[&miner]).await;
    assert_eq!((report.new, report.rows.known), (1, 2));
    assert_eq!(validator.count("job_uuid = '60 minutes ago'"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_of_more_than_seven_days_are_deleted_first() {
    let mut validator = Validator::new();
    let miner = miner(7, ReceiptsFile::Honest);
    let another = Keypair::from_seed(&[2; 32]);
    for (job, age) in [("old", TimeDelta::days(8)), ("young", TimeDelta::days(6))] {
        let receipt = started(&miner, &another, job, Utc::now() - age);
        miner.publish(Receipt::Started(receipt), &another);
    }
    assert_eq!(validator.round(&[&miner]).await.new, 2);
    let report = validator.round(&[&miner]).await;
    assert_eq!((report.deleted, report.new), (1, 0));
    assert_eq!(validator.count("job_uuid = 'young'"), 1);
    assert_eq!(validator.count("true"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_time_is_too_strange() {
    let mut validator = Validator::new();
    let miner = miner(7, ReceiptsFile::Honest);
    let another = Keypair::from_seed(&[2; 32]);
    for (job, time) in [
        ("year 0 in UTC", "0001-01-01T00:00:00+23:59"),
        ("year 10000 in UTC", "9999-12-31T23:59:59.999999-23:59"),
        (
            "next month",
            &(Utc::now() + TimeDelta::days(30)).to_rfc3339(),
        ),
        ("tomorrow", &(Utc::now() + TimeDelta::days(1)).to_rfc3339()),
        ("now", &Utc::now().to_rfc3339()),
    ] {
        let receipt = StartedReceipt {
            time_accepted: time.parse().expect("a time"),
            ..started(&miner, &another, job, Utc::now())
        };
        miner.publish(Receipt::Started(receipt), &another);
    }
    let report = validator.round(&[&miner]).await;
    assert_eq!((report.new, report.rows.refused), (3, 2));
    // one of tomorrow does not make those of today old
    let late = started(&miner, &another, "half an hour ago", just_now());
    miner.publish(Receipt::Started(late), &another);
    assert_eq!(validator.round(&[&miner]).await.new, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_has_no_more_receipts_than_it_may() {
    let mut validator = Validator::new();
    let limits = Limits {
        kept_per_miner: 10,
        ..limits()
    };
    let miner = honest(7, 0..8);
    let report = validator.limited_round(&[&miner], &limits).await;
    assert_eq!((report.new, report.rows.dropped), (10, 6));
    let report = validator.limited_round(&[&miner], &limits).await;
    assert_eq!((report.new, report.rows.dropped), (0, 6));
    assert_eq!(validator.count("true"), 10);
}

/// Whatever a miner does, it is told in one event, the round ends within its limits, and the
/// honest miner that is asked after it has its receipts fetched.
#[tokio::test(flavor = "multi_thread")]
async fn each_misbehaviour_is_an_event_and_costs_nobody_else_anything() {
    let target = honest(9, 0..5);
    let elsewhere = format!("http://{}/receipts/receipts.csv", target.address());
    let stranger = Keypair::from_seed(&[2; 32]);
    for (file, new, finding) in [
        (ReceiptsFile::Silent, 0, "nothing came for 1.5 s"),
        (ReceiptsFile::Hangs, 20, "nothing came for 1.5 s"),
        (ReceiptsFile::BreaksOff, 20, "no answer"),
        (
            ReceiptsFile::Endless,
            20,
            "the answer has more than 4194304 bytes",
        ),
        (
            ReceiptsFile::Garbage,
            0,
            "the answer has more than 4194304 bytes",
        ),
        (
            ReceiptsFile::OneLine,
            0,
            "the answer has more than 4194304 bytes",
        ),
        (ReceiptsFile::Status(500), 0, "answered with status 500"),
        (ReceiptsFile::Status(404), 0, "answered with status 404"),
        (
            ReceiptsFile::Redirect(elsewhere),
            0,
            "answered with status 302",
        ),
    ] {
        let mut validator = Validator::new();
        let liar = miner(7, file.clone());
        liar.publish_jobs(0..10, just_now(), &stranger);
        let honest = honest(8, 0..4);
        let limits = Limits {
            miners_at_once: 1,
            ..limits()
        };
        let begun = Instant::now();
        let report = validator.limited_round(&[&liar, &honest], &limits).await;
        assert!(begun.elapsed() < Duration::from_secs(15), "{file:?}");
        assert_eq!((report.answered, report.failed.len()), (1, 1), "{file:?}");
        assert_eq!(report.new, new + 8, "{file:?}");
        let [(hotkey, port, said)] = &validator.events()[..] else {
            panic!("{file:?}: not one event");
        };
        assert_eq!(*hotkey, liar.hotkey().to_string());
        assert_eq!(*port, u64::from(liar.address().port()));
        assert!(said.starts_with("receipts not fetched: "), "{said}");
        assert!(said.contains(finding), "{file:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_that_cannot_be_reached_is_an_event() {
    let mut validator = Validator::new();
    let gone = miner(7, ReceiptsFile::Honest);
    let address = address(&gone);
    drop(gone);
    let (stop, progress, limits) = (CancellationToken::new(), Progress::hidden(), limits());
    // the port is free once the miner has ended
    let deadline = Instant::now() + Duration::from_secs(10);
    let report = loop {
        let miners = vec![address.clone()];
        let round = fetch_all(
            &mut validator.store,
            miners,
            &limits,
            &progress,
            &stop,
            Utc::now(),
        );
        let report = round.await.expect("the database holds");
        if report.answered == 0 || Instant::now() > deadline {
            break report;
        }
    };
    assert_eq!((report.answered, report.failed.len()), (0, 1));
    assert_eq!(validator.events().len(), 1);
    assert_eq!(
        report.summary(),
        "the one miner did not answer: 0 new receipts"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_false_signatures_is_not_read_to_its_end() {
    let mut validator = Validator::new();
    let liar = miner(7, ReceiptsFile::Forged { rows: 1_000_000 });
    let limits = Limits {
        file: Limits::PRODUCTION.file,
        ..limits()
    };
    let report = validator.limited_round(&[&liar], &limits).await;
    assert_eq!((report.new, report.failed.len()), (0, 1));
    assert!(
        (1_000..=1_024).contains(&report.rows.false_ones),
        "{report:?}"
    );
    let said = &validator.events()[0].2;
    assert!(
        said.contains("rows do not hold, the rest is not read"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_miner_has_countersigned_is_not_taken() {
    let mut validator = Validator::new();
    let liar = miner(7, ReceiptsFile::Anothers);
    let report = validator.round(&[&liar]).await;
    assert_eq!(
        (report.answered, report.new, report.rows.refused),
        (1, 0, 512)
    );
    assert_eq!(validator.count("true"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_256_miners_the_honest_ones_are_fetched_whatever_the_others_do() {
    let mut validator = Validator::new();
    let stranger = Keypair::from_seed(&[2; 32]);
    let files = [
        ReceiptsFile::Honest,
        ReceiptsFile::Silent,
        ReceiptsFile::Honest,
        ReceiptsFile::Endless,
        ReceiptsFile::Forged { rows: 3_000 },
        ReceiptsFile::Honest,
        ReceiptsFile::OneLine,
        ReceiptsFile::Hangs,
    ];
    let miners: Vec<Miner> = (0..=255)
        .map(|seed: u8| {
            let miner = miner(seed, files[usize::from(seed) % files.len()].clone());
            miner.publish_jobs(0..3, just_now(), &stranger);
            miner
        })
        .collect();
    let limits = Limits {
        file: http::Limits {
            idle: Duration::from_secs(4),
            bytes: 256 << 10,
            ..limits().file
        },
        false_rows: 100,
        ..limits()
    };
    let begun = Instant::now();
    let report = validator
        .limited_round(&miners.iter().collect::<Vec<_>>(), &limits)
        .await;
    assert!(
        begun.elapsed() < Duration::from_secs(60),
        "{:?}",
        begun.elapsed()
    );
    let failed = report.failed.iter().map(|failed| &failed.finding);
    let failed: BTreeMap<_, usize> = failed.fold(BTreeMap::new(), |mut counts, finding| {
        *counts.entry(finding).or_default() += 1;
        counts
    });
    assert_eq!((report.miners, report.answered), (256, 96), "{failed:?}");
    for miner in miners.iter().zip(files.iter().cycle()) {
        let (miner, file) = miner;
        let hotkey = miner.hotkey();
        let kept = validator.count(&format!("miner_hotkey = '{hotkey}'"));
        let expected = match file {
            ReceiptsFile::Honest | ReceiptsFile::Endless | ReceiptsFile::Hangs => 6,
            _ => 0,
        };
        assert_eq!(kept, expected, "{file:?}");
    }
    assert_eq!(validator.events().len(), 160);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_a_round_that_keeps_what_is_checked() {
    let mut validator = Validator::new();
    let miners = [honest(7, 0..4), miner(8, ReceiptsFile::Hangs)];
    let miners = miners.iter().map(address).collect();
    let stop = CancellationToken::new();
    let database = validator.folder.path().join("horde.db");
    let (signal, progress) = (stop.clone(), Progress::hidden());
    let watch = tokio::task::spawn_blocking(move || {
        host::poll("the honest receipts", Duration::from_secs(30), || {
            (count(&database, "true") == 8).then_some(())
        });
        signal.cancel();
    });
    let limits = Limits::PRODUCTION;
    let round = fetch_all(
        &mut validator.store,
        miners,
        &limits,
        &progress,
        &stop,
        Utc::now(),
    );
    let report = round.await.expect("the database holds");
    watch.await.expect("they came");
    assert!(report.is_stopped);
    assert_eq!(
        (report.answered, report.failed.len(), report.new),
        (1, 0, 8)
    );
}
