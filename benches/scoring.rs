//! How long it takes to score 256 miners with 8 jobs each, and to make weights of that: from
//! answers in memory, and from the rows of a database.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

use chrono::DateTime;
use criterion::{Criterion, criterion_group, criterion_main};
use horde_validator::params::WeightsVersion;
use horde_validator::scoring::job::{Answer, Finished, JobOutcome, outcome};
use horde_validator::scoring::{
    DanceBonus, HordeScore, JobScore, Processing, apply_dance_bonus, batch_scores, class_weights,
    to_u16,
};
use horde_validator::store::{BatchId, BatchPlan, BatchRecord, JobRow, Store};
use horde_validator::wire::ExecutorClass;

const MINERS: usize = 256;
const JOBS_EACH: usize = 8;

fn scored(hotkeys: &[String]) -> usize {
    let mut outcomes: Vec<JobOutcome> = (0..MINERS * JOBS_EACH)
        .map(|job| {
            let finished = Finished {
                job_uuid: "00000000-0000-0000-0000-000000000001",
                stdout: "rz-ldawJ0nox4h4OEUVZj_aKXMub2PhvY4Jsq4REsX4=",
                stderr: "",
                received_us: 1_000_000 + job as i64,
                expected: "rz-ldawJ0nox4h4OEUVZj_aKXMub2PhvY4Jsq4REsX4=",
                is_right: job % 5 > 0,
            };
            let timeout = Duration::from_secs(53);
            outcome(
                WeightsVersion::V4,
                timeout,
                Some(0),
                Answer::Finished(finished),
            )
        })
        .collect();
    let hotkey_of = |job: usize| hotkeys[job / JOBS_EACH].as_str();
    let bonus = DanceBonus {
        weights_version: WeightsVersion::V4,
        threshold: 1.4,
        multiplier: 1.05,
    };
    let mut by_miner: Vec<(&str, &mut JobOutcome)> = outcomes
        .iter_mut()
        .enumerate()
        .map(|(job, found)| (hotkey_of(job), found))
        .collect();
    apply_dance_bonus(&bonus, &HashMap::new(), &mut by_miner);

    weights(outcomes.iter().enumerate().map(|(job, found)| JobScore {
        hotkey: hotkey_of(job),
        class: ExecutorClass::DEFAULT,
        score: found.score,
    }))
}

/// From job scores to the values of a `set_weights`.
fn weights<'a>(jobs: impl Iterator<Item = JobScore<'a>>) -> usize {
    let weights = class_weights("spin_up-4min.gpu-24gb=99,always_on.llm.a6000=1");
    let scores = batch_scores(jobs, &weights, &HordeScore::default()).expect("finite");
    let on_uids: Vec<(u16, f32)> = (0..).zip(scores.into_values().map(|s| s as f32)).collect();
    let processing = Processing {
        min_allowed_weights: 8,
        max_weight_limit: 65_535,
        exclude_quantile: 0,
    };
    let weights = processing.weights(&on_uids).expect("finite");
    let single: Vec<(u16, f32)> = weights
        .into_iter()
        .map(|(uid, w)| (uid, w as f32))
        .collect();
    to_u16(&single).expect("weights").len()
}

/// A database with one finished batch.
fn database(folder: &Path, hotkeys: &[String]) -> (Store, BatchId) {
    let mut store = Store::open_or_create(&folder.join("horde.db")).expect("a new database");
    let plan = BatchPlan {
        cycle_start: 0,
        cycle_stop: 722,
        block: 24,
    };
    let now = DateTime::UNIX_EPOCH;
    let batch = store.start_batch_now(plan, now).expect("started");
    let job = |job: usize| JobRow {
        uuid: format!("{job:08}-0000-0000-0000-000000000001"),
        hotkey: hotkeys[job / JOBS_EACH].clone(),
        address: "127.0.0.1".to_owned(),
        ip_version: 4,
        port: 8000,
        executor_class: ExecutorClass::DEFAULT.to_string(),
        completed: !job.is_multiple_of(5),
        correct: Some(!job.is_multiple_of(5)),
        comment: String::new(),
        description: "hash cracking".to_owned(),
        score: if !job.is_multiple_of(5) { 1.05 } else { 0.0 },
        multiplier: Some(1.05),
        time_took_us: Some(20_000_000),
        times: BTreeMap::new(),
    };
    let record = BatchRecord {
        batch,
        ended_at: now,
        note: String::new(),
        telemetry: serde_json::json!({}),
        miners: Vec::new(),
        jobs: (0..MINERS * JOBS_EACH).map(job).collect(),
        samples: Vec::new(),
        receipts: Vec::new(),
        specs: Vec::new(),
        events: Vec::new(),
    };
    store.keep_batch(&record).expect("kept");
    (store, batch)
}

fn scored_from(store: &Store, batch: BatchId) -> usize {
    let jobs = store.job_scores(batch).expect("read");
    weights(jobs.iter().map(|(hotkey, class, score)| JobScore {
        hotkey,
        class: class.parse().expect("a class"),
        score: *score,
    }))
}

fn scoring(criterion: &mut Criterion) {
    let hotkeys: Vec<String> = (0..MINERS).map(|n| format!("hotkey {n}")).collect();
    criterion.bench_function("256 miners x 8 jobs", |bencher| {
        bencher.iter(|| scored(&hotkeys))
    });
    let folder = tempfile::tempdir().expect("a folder");
    let (store, batch) = database(folder.path(), &hotkeys);
    criterion.bench_function("256 miners x 8 jobs, from the database", |bencher| {
        bencher.iter(|| scored_from(&store, batch))
    });
}

criterion_group!(benches, scoring);
criterion_main!(benches);
