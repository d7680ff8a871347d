//! LLM jobs in a batch: who is right earns 1, every cheat earns 0.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use horde_validator::devnet::miner::{Behaviour, Cheat, Miner};
use horde_validator::keys::Keypair;
use horde_validator::llmjob::Verdict;
use horde_validator::miner::{MinerAddress, Tap};
use horde_validator::params::WeightsVersion;
use horde_validator::pass::Progress;
use horde_validator::prompts::Place;
use horde_validator::scoring::DanceBonus;
use horde_validator::store::{BatchId, JobRow, Store};
use horde_validator::synthetic::batch::{
    BatchInput, BatchResult, Limits, PromptSupply, run_batch_with_prompts,
};
use horde_validator::wire::event::EventSubtype;
use tokio_util::sync::CancellationToken;

use super::scene::{LLM, start_miner};
use super::supply::{begin_batch, keep_samples};
use crate::shelf::{Fault, Shelf};

struct Stage {
    shelf: Shelf,
    store: Store,
    batch: BatchId,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn new(samples: usize) -> Self {
        // the first line of the program's main; a second time does nothing
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("horde.db");
        let mut store = Store::open_or_create(&path).expect("a new database");
        let shelf = Shelf::start();
        keep_samples(&mut store, &shelf, samples);
        Self {
            batch: begin_batch(&mut store),
            shelf,
            store,
            _folder: folder,
        }
    }

    async fn run(&mut self, version: WeightsVersion, miners: &[Miner]) -> BatchResult {
        let (store, shelf, batch) = (&mut self.store, &self.shelf, self.batch);
        let supply = PromptSupply {
            take: Box::new(move |wanted| store.take_samples(batch, wanted, Utc::now())),
            place: Box::new(|key| {
                let url = shelf.url(&format!("/answers/{key}"));
                Place {
                    upload_url: url.clone(),
                    public_url: url,
                }
            }),
        };
        let (progress, stop) = (Progress::hidden(), CancellationToken::new());
        run_batch_with_prompts(input(version, miners), Some(supply), &progress, &stop).await
    }
}

fn input(version: WeightsVersion, miners: &[Miner]) -> BatchInput {
    let address = |miner: &Miner| MinerAddress {
        hotkey: miner.hotkey().to_string(),
        host: miner.address().ip().to_string(),
        port: miner.address().port(),
    };
    let mut limits = Limits::PRODUCTION.scaled(0.1);
    limits.manifest = Duration::from_secs(10);
    limits.receipts = Duration::from_secs(5);
    limits.answers = Duration::from_secs(3);
    limits.late_answers = Duration::from_secs(4);
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
        executor_caps: BTreeMap::from([(LLM, 2)]),
        hash_size: None,
        limits,
        tap: Tap::default(),
        now: Utc::now(),
    }
}

fn job_of<'a>(result: &'a BatchResult, miner: &Miner) -> &'a JobRow {
    let hotkey = miner.hotkey().to_string();
    let job = result.jobs.iter().find(|job| job.hotkey == hotkey);
    job.expect("each miner has a job")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_honest_earn_one_in_every_weights_version_and_samples_are_tied_to_jobs() {
    for version in WeightsVersion::ALL {
        let mut stage = Stage::new(3);
        let miners = [
            start_miner(2, vec![(LLM, 9)], Behaviour::Honest),
            start_miner(3, vec![(LLM, 1)], Behaviour::Honest),
        ];
        let result = stage.run(version, &miners).await;
        assert_eq!(result.jobs.len(), 3, "as capped");
        let has_bonus = version >= WeightsVersion::V2;
        for job in &result.jobs {
            assert!(job.completed, "{version:?}: {}", job.comment);
            assert_eq!(job.score, if has_bonus { 1.05 } else { 1.0 });
            assert_eq!(job.description, "LLM prompts");
        }
        let compared: Vec<_> = result
            .samples
            .iter()
            .flat_map(|one| &one.compared)
            .collect();
        assert_eq!(compared.len(), 6);
        assert!(compared.iter().all(|one| one.verdict == Verdict::Same));
        let batch = stage.batch;
        stage
            .store
            .keep_batch(&result.into_record(batch))
            .expect("kept");
        assert_eq!(stage.store.prompt_counts().expect("read").ready_samples, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cheat_earns_nothing_and_is_explained() {
    let bytes = |bytes: &[u8]| Cheat::Bytes(bytes.to_vec());
    let deep = [b"{\"a\":".repeat(100_000), b"}".repeat(100_000)].concat();
    let cheats = [
        (
            Cheat::WrongAnswers,
            "answers compared: 2, different: 2, missing: 0",
        ),
        (
            Cheat::OneWrongAnswer,
            "answers compared: 2, different: 1, missing: 0",
        ),
        (
            Cheat::OneMissing,
            "answers compared: 2, different: 0, missing: 1",
        ),
        (
            Cheat::Stale,
            "answers compared: 2, different: 2, missing: 0",
        ),
        (
            bytes(b"{}"),
            "answers compared: 2, different: 0, missing: 2",
        ),
        (Cheat::Oversized { mebibytes: 5 }, "more than 4194304 bytes"),
        (Cheat::LateUpload(Duration::from_secs(2)), "status 404"),
        (Cheat::NoUpload, "status 404"),
        (bytes(&deep), "not a JSON object of texts"),
        (bytes(&b"[".repeat(100_000)), "not a JSON object of texts"),
        (bytes(b"{\"a\": 1}"), "not a JSON object of texts"),
        (bytes(b"{\"a\": \"\xff\"}"), "a text that is no JSON text"),
        (bytes(b""), "end in the middle"),
    ];
    let mut stage = Stage::new(cheats.len() + 1);
    let mut miners = vec![start_miner(1, vec![(LLM, 1)], Behaviour::Honest)];
    for (number, (cheat, _)) in (2..).zip(&cheats) {
        let behaviour = Behaviour::Cheats(cheat.clone());
        miners.push(start_miner(number, vec![(LLM, 1)], behaviour));
    }
    let result = stage.run(WeightsVersion::V4, &miners).await;
    assert!(job_of(&result, &miners[0]).completed);
    for (miner, (cheat, said)) in miners[1..].iter().zip(&cheats) {
        let job = job_of(&result, miner);
        assert_eq!((job.completed, job.score), (false, 0.0), "{cheat:?}");
        assert_eq!(job.correct, Some(false), "{cheat:?}");
        assert!(job.comment.contains(said), "{cheat:?}: {}", job.comment);
    }
    let unread = result
        .events
        .iter()
        .filter(|event| event.subtype == EventSubtype::LlmPromptAnswersDownloadFailed);
    assert_eq!(unread.count(), 8);
    let batch = stage.batch;
    stage
        .store
        .keep_batch(&result.into_record(batch))
        .expect("kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_never_answers_costs_its_limit_and_no_more() {
    for fault in [Fault::Hang, Fault::Drip, Fault::Huge] {
        let mut stage = Stage::new(2);
        let miners = [start_miner(
            2,
            vec![(LLM, 2)],
            Behaviour::Cheats(Cheat::NoUpload),
        )];
        let fault = ("/answers/solved/".to_owned(), fault);
        stage.shelf.content().faults = vec![fault];
        let result = stage.run(WeightsVersion::V4, &miners).await;
        assert!(
            result
                .jobs
                .iter()
                .all(|job| !job.completed && job.correct == Some(false))
        );
        let stages = &result.telemetry["stage_start_time"];
        let at = |name: &str| -> chrono::DateTime<Utc> {
            let text = stages[name].as_str().expect("a time");
            text.parse().expect("a time")
        };
        let took = at("scores") - at("LLM answers");
        assert!(took < chrono::TimeDelta::seconds(10), "{took}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn right_answers_after_the_time_limit_are_right_and_earn_nothing() {
    let mut stage = Stage::new(1);
    let late = Behaviour::Late(Duration::from_secs(7));
    let miners = [start_miner(2, vec![(LLM, 1)], late)];
    let result = stage.run(WeightsVersion::V4, &miners).await;
    let job = job_of(&result, &miners[0]);
    assert!(job.comment.starts_with("took too long"), "{}", job.comment);
    assert_eq!(
        (job.completed, job.correct, job.score),
        (false, Some(true), 0.0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_are_taken_before_any_miner_is_asked() {
    let mut stage = Stage::new(2);
    let miners = [start_miner(2, vec![(LLM, 2)], Behaviour::Declines)];
    let result = stage.run(WeightsVersion::V4, &miners).await;
    assert!(
        result
            .jobs
            .iter()
            .all(|job| job.comment == "declined by the miner")
    );
    assert_eq!(stage.store.prompt_counts().expect("read").ready_samples, 0);
    let compared: usize = result.samples.iter().map(|one| one.compared.len()).sum();
    assert_eq!(compared, 0);
}
