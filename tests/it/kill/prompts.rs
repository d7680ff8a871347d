//! Killing the passes of the prompt pipeline, and a batch with LLM jobs: no sample is lost, none
//! is drawn twice, none is given to two batches.

use chrono::Utc;
use horde_validator::devnet::miner::{Miner, MinerConfig, answer};
use horde_validator::devnet::node::{Config, Hyperparameters, Production};
use horde_validator::store::{NewWorkload, Store};
use horde_validator::wire::ExecutorClass;
use horde_validator::wire::event::{EventSubtype, EventType};
use serde_json::json;

use super::host::{Host, KNOWN, Left, NETUID, at_every_point, neurons};
use crate::shelf::Shelf;

const LLM: ExecutorClass = ExecutorClass::AlwaysOnLlmA6000;
const SERIES: usize = 8;

struct Scene {
    host: Host,
    shelf: Shelf,
    _trusted: Miner,
    miner: Miner,
}

fn start_miner(place: usize, executors: i64) -> Miner {
    let keypair = KNOWN.miners[place].keypair();
    Miner::start(MinerConfig::new(keypair, vec![(LLM, executors)])).expect("a free port")
}

impl Scene {
    fn new() -> Self {
        let (trusted, miner) = (start_miner(0, 1), start_miner(1, 2));
        let config = Config {
            netuid: NETUID,
            production: Production::Manual,
            neurons: neurons([None, Some(miner.address())]),
            hyperparameters: Hyperparameters {
                tempo: 99,
                ..Hyperparameters::default()
            },
            ..Config::default()
        };
        let pins = [
            ("DYNAMIC_MAX_PROMPT_SERIES", json!(SERIES)),
            ("DYNAMIC_TARGET_NUMBER_OF_PROMPT_SAMPLES_READY", json!(4)),
            ("DYNAMIC_NUMBER_OF_PROMPTS_PER_WORKLOAD", json!(2)),
            (
                "DYNAMIC_PROMPTS_SERIES_IN_A_SINGLE_GENERATION",
                json!(SERIES),
            ),
            ("DYNAMIC_NUMBER_OF_PROMPTS_IN_SERIES", json!(4)),
            ("DYNAMIC_WEIGHTS_VERSION", json!(4)),
        ];
        let mut host = Host::start(config, &pins);
        let shelf = Shelf::start();
        for (name, value) in shelf.settings() {
            host.set(name, value);
        }
        host.set("TRUSTED_MINER_KEY", trusted.hotkey().to_string());
        host.set("TRUSTED_MINER_ADDRESS", "127.0.0.1".to_owned());
        host.set("TRUSTED_MINER_PORT", trusted.address().port().to_string());
        Self {
            host,
            shelf,
            _trusted: trusted,
            miner,
        }
    }

    fn keep_series(&self) {
        let series: Vec<(String, String)> = (0..SERIES)
            .map(|n| {
                let (uuid, path) = (n.to_string(), format!("/prompts/{n}"));
                self.shelf.put(&path, format!("{n} a?\n{n} b?\n{n} c?"));
                (uuid, self.shelf.url(&path))
            })
            .collect();
        self.host.prepare(|store| {
            store
                .keep_series(&series, 0, &[], &[], Utc::now())
                .expect("kept");
        });
    }

    /// Two workloads of two samples each.
    fn keep_workloads(&self) {
        self.keep_series();
        for n in 0..2 {
            let path = format!("/answers/workload-{n}");
            let prompts = [2 * n, 2 * n + 1].map(|series| format!("{series} a?"));
            self.shelf.put(&path, prompts.join("\n"));
            self.host.prepare(|store| {
                let series = store.series().expect("read");
                let sample = |at: usize| (series[2 * n + at].id, vec![prompts[at].clone()]);
                let workload = NewWorkload {
                    uuid: format!("workload-{n}"),
                    seed: 7,
                    url: self.shelf.url(&path),
                    samples: vec![sample(0), sample(1)],
                };
                store.keep_workload(&workload, Utc::now()).expect("kept");
            });
        }
    }

    fn keep_answers(&self) {
        self.keep_workloads();
        self.host.prepare(|store: &mut Store| {
            for workload in store.unfinished_workloads().expect("read") {
                let prompts = store.workload_prompts(workload.id).expect("read");
                let known = |(id, prompt): (i64, String)| (id, answer(&prompt, workload.seed));
                let answers: Vec<_> = prompts.into_iter().map(known).collect();
                let now = Utc::now();
                let kept = store.finish_workload(workload.id, &answers, &[], &[], now);
                assert!(kept.expect("kept"));
            }
        });
    }
}

fn counts(left: &Left) -> [i64; 4] {
    [
        "SELECT count(*) FROM prompt_series",
        "SELECT count(*) FROM prompt_workloads",
        "SELECT count(*) FROM prompt_samples",
        "SELECT count(*) FROM prompts",
    ]
    .map(|sql| left.count(sql))
}

#[tokio::test(flavor = "multi_thread")]
async fn series_are_kept_whole_wherever_making_them_is_killed() {
    let points = at_every_point(async |point| {
        let scene = Scene::new();
        let is_killed = scene.host.is_killed("prompts generate", point).await;
        let kept = counts(&scene.host.left())[0];
        assert!(kept == 0 || kept == 8, "killed at point {point}: {kept}");
        scene.host.pass("prompts generate").await;
        let left = scene.host.left();
        assert_eq!(counts(&left), [8, 0, 0, 0], "killed at point {point}");
        let told = left.events(EventType::LlmPromptGeneration, EventSubtype::Success);
        assert_eq!(told, 1, "killed at point {point}");
        is_killed
    })
    .await;
    assert!(points >= 10, "{points} points");
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_are_drawn_once_wherever_drawing_is_killed() {
    let points = at_every_point(async |point| {
        let scene = Scene::new();
        scene.keep_series();
        let is_killed = scene.host.is_killed("prompts sample", point).await;
        let [_, workloads, samples, prompts] = counts(&scene.host.left());
        let whole = (2 * workloads, 2 * workloads);
        assert_eq!((samples, prompts), whole, "killed at point {point}");
        scene.host.pass("prompts sample").await;
        let left = scene.host.left();
        assert_eq!(counts(&left), [8, 2, 4, 4], "killed at point {point}");
        // whatever is known lies in its bucket
        let db = left.store.unfinished_workloads().expect("read");
        let content = scene.shelf.content();
        for workload in db {
            let path = format!("/answers/{}", workload.uuid);
            assert!(
                content.objects.contains_key(&path),
                "killed at point {point}"
            );
        }
        is_killed
    })
    .await;
    assert!(points >= 10, "{points} points");
}

#[tokio::test(flavor = "multi_thread")]
async fn workloads_are_answered_once_wherever_answering_is_killed() {
    let points = at_every_point(async |point| {
        let scene = Scene::new();
        scene.keep_workloads();
        let is_killed = scene.host.is_killed("prompts answer", point).await;
        let partly =
            "SELECT count(*) FROM prompt_workloads w WHERE (finished_at IS NULL) <> EXISTS (
                SELECT 1 FROM prompt_samples s JOIN prompts p ON p.sample_id = s.id
                WHERE s.workload_id = w.id AND p.answer IS NULL)";
        assert_eq!(
            scene.host.left().count(partly),
            0,
            "killed at point {point}"
        );
        scene.host.pass("prompts answer").await;
        let left = scene.host.left();
        assert_eq!(left.count(partly), 0, "killed at point {point}");
        assert_eq!(counts(&left), [8, 2, 4, 4], "killed at point {point}");
        let found = left.store.prompt_counts().expect("read");
        assert_eq!(found.ready_samples, 4, "killed at point {point}");
        is_killed
    })
    .await;
    assert!(points >= 20, "{points} points");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_two_batches_use_a_sample_wherever_the_first_is_killed() {
    let points = at_every_point(async |point| {
        let scene = Scene::new();
        scene.keep_answers();
        let pass = "run-synthetic --now";
        let is_killed = scene.host.is_killed(pass, point).await;
        scene.host.pass(pass).await;
        let left = scene.host.left();
        let done = left.count("SELECT count(*) FROM batches WHERE state = 'done'");
        let tied = left.count("SELECT count(*) FROM prompt_samples WHERE job_id IS NOT NULL");
        assert_eq!(tied, 2 * done, "killed at point {point}");
        let right = left.count("SELECT count(*) FROM jobs WHERE correct = 1");
        assert_eq!(right, 2 * done, "killed at point {point}");
        // each miner downloads what it is given: nobody was given the same twice
        let content = scene.shelf.content();
        for (path, times) in &content.gets {
            let is_answer = path.starts_with("/answers/");
            assert!(
                is_answer || *times == 1,
                "killed at point {point}: {path} {times} times"
            );
        }
        let requests = scene.miner.ledger().job_requests;
        assert!(
            requests.values().all(|times| *times == 1),
            "killed at point {point}"
        );
        is_killed
    })
    .await;
    assert!(points >= 25, "{points} points");
}
