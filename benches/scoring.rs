//! How long it takes to score 256 miners with 8 jobs each, and to make weights of that.

use std::collections::HashMap;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use horde_validator::params::WeightsVersion;
use horde_validator::scoring::job::{Answer, Finished, JobOutcome, outcome};
use horde_validator::scoring::{
    DanceBonus, HordeScore, JobScore, Processing, apply_dance_bonus, batch_scores, class_weights,
    to_u16,
};
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

    let jobs = outcomes.iter().enumerate().map(|(job, found)| JobScore {
        hotkey: hotkey_of(job),
        class: ExecutorClass::DEFAULT,
        score: found.score,
    });
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

fn scoring(criterion: &mut Criterion) {
    let hotkeys: Vec<String> = (0..MINERS).map(|n| format!("hotkey {n}")).collect();
    criterion.bench_function("256 miners x 8 jobs", |bencher| {
        bencher.iter(|| scored(&hotkeys))
    });
}

criterion_group!(benches, scoring);
criterion_main!(benches);
