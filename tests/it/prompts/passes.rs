//! The passes of the pipeline on bad days: a trusted miner that does not do its part, and buckets
//! with anything in them.

use std::time::{Duration, Instant};

use horde_validator::devnet::miner::{Behaviour, Cheat};
use predicates::prelude::*;
use predicates::str::contains;

use super::scene::Scene;
use super::supply::keep_series;
use crate::host::Host;
use crate::shelf::{Fault, Shelf};

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_miner_that_makes_no_prompts_is_a_failure() {
    for (behaviour, code, said) in [
        (Behaviour::SilentAtJob, 75, "not over after"),
        (Behaviour::Declines, 75, "declined"),
        (Behaviour::FailsJobs, 1, "exit status 1"),
    ] {
        let mut scene = Scene::new(behaviour, vec![]);
        scene.host.set("DEBUG_BATCH_TIME_SCALE", "0.005");
        scene
            .prompts("generate")
            .code(code)
            .stderr(contains(said).and(contains("try:")));
        assert_eq!(scene.events("LLM_PROMPT_GENERATION"), ["FAILURE"]);
        assert_eq!(scene.counts().series, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_without_answers_is_one_failure_and_waits_for_the_next_pass() {
    let garbage = |bytes: &[u8]| Behaviour::Cheats(Cheat::Bytes(bytes.to_vec()));
    for (behaviour, code, said) in [
        (Behaviour::SilentAtJob, 75, "not over after"),
        (Behaviour::FailsJobs, 1, "exit status 1"),
        (Behaviour::Cheats(Cheat::NoUpload), 1, "status 404"),
        (garbage(b"{}"), 1, "none of the prompts"),
        (
            garbage(b"{\"another\": \"answer\"}"),
            1,
            "none of the prompts",
        ),
        (garbage(b"[1, 2]"), 1, "not a JSON object of texts"),
        (
            garbage(&b"[".repeat(100_000)),
            1,
            "not a JSON object of texts",
        ),
        (garbage(b"\xff\xff"), 1, "not a JSON object of texts"),
        (
            Behaviour::Cheats(Cheat::Oversized { mebibytes: 5 }),
            1,
            "more than 4194304 bytes",
        ),
    ] {
        let mut scene = Scene::new(behaviour.clone(), vec![]);
        scene.host.set("DEBUG_BATCH_TIME_SCALE", "0.02");
        keep_series(&mut scene.host.store(), &scene.shelf, 8);
        scene.prompts("sample").success();
        let failed = contains("2 of 2 workloads were not answered").and(contains(said));
        scene.prompts("answer").code(code).stderr(failed);
        assert_eq!(
            scene.events("LLM_PROMPT_ANSWERING"),
            ["FAILURE"],
            "{behaviour:?}"
        );
        let counts = scene.counts();
        assert_eq!((counts.ready_samples, counts.unfinished_workloads), (0, 2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_that_got_no_answer_is_not_compared() {
    let scene = Scene::new(Behaviour::Cheats(Cheat::OneMissing), vec![]);
    keep_series(&mut scene.host.store(), &scene.shelf, 8);
    scene.prompts("sample").success();
    scene
        .prompts("answer")
        .success()
        .stdout(contains("2 prompts without an answer"));
    assert_eq!(scene.counts().ready_samples, 4, "each has another prompt");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_trusted_miner_is_asked_once() {
    let mut scene = Scene::new(Behaviour::Honest, vec![]);
    scene.host.set("TRUSTED_MINER_PORT", 1);
    scene.host.set("DEBUG_BATCH_TIME_SCALE", "0.02");
    keep_series(&mut scene.host.store(), &scene.shelf, 8);
    scene.prompts("sample").success();
    let failed = contains("1 of 1 workloads").and(contains("cannot be reached"));
    scene.prompts("answer").code(75).stderr(failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_that_cannot_be_read_is_skipped() {
    let scene = Scene::new(Behaviour::Honest, vec![]);
    let host = &scene.host;
    host.pin("DYNAMIC_MAX_PROMPT_SERIES", 30);
    host.pin("DYNAMIC_TARGET_NUMBER_OF_PROMPT_SAMPLES_READY", 6);
    keep_series(&mut host.store(), &scene.shelf, 12);
    let series = host.store().series().expect("read");
    let path = |place: usize| format!("/prompts/{}", series[place].uuid);
    scene.shelf.content().faults = vec![
        (path(0), Fault::Huge),
        (path(1), Fault::Status(404)),
        (path(2), Fault::Hang),
        (path(3), Fault::Status(500)),
        (path(4), Fault::Status(301)),
    ];
    scene.shelf.put(&path(5), &b"a\nb\n\xff\nc\nd"[..]);
    // it has not more lines than are drawn
    scene.shelf.put(&path(6), "a\nb\n\n \n");
    // the only ones left make five samples, and a workload needs two
    let drawn = host.json(&["prompts", "sample"]);
    assert_eq!(drawn["outcome"], "done", "{drawn}");
    assert_eq!(
        (&drawn["workloads"], &drawn["samples"]),
        (&2.into(), &4.into())
    );
    assert_eq!(
        (&drawn["series_unread"], &drawn["series_too_short"]),
        (&6.into(), &1.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_workload_can_be_uploaded_nothing_is_kept() {
    let scene = Scene::new(Behaviour::Honest, vec![]);
    keep_series(&mut scene.host.store(), &scene.shelf, 8);
    let fault = ("/answers/".to_owned(), Fault::Status(403));
    scene.shelf.content().faults = vec![fault];
    let failed = contains("3 of 3 workloads could not be uploaded").and(contains("status 403"));
    scene.prompts("sample").code(75).stderr(failed);
    let counts = scene.counts();
    assert_eq!(
        (counts.waiting_samples, counts.unfinished_workloads),
        (0, 0)
    );
    scene.shelf.content().faults.clear();
    scene
        .prompts("sample")
        .success()
        .stdout(contains("4 samples drawn in 2 workloads"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_pass_uses_the_trusted_miner() {
    let mut scene = Scene::new(Behaviour::SilentAtJob, vec![]);
    scene.host.set("DEBUG_BATCH_TIME_SCALE", "0.1");
    keep_series(&mut scene.host.store(), &scene.shelf, 8);
    scene.prompts("sample").success();
    let mut command = scene.host.command();
    let mut running = command
        .args(["prompts", "answer"])
        .spawn()
        .expect("started");
    let deadline = Instant::now() + Duration::from_secs(30);
    while scene.trusted.ledger().connections == 0 {
        assert!(Instant::now() < deadline, "it does not begin");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    scene
        .prompts("generate")
        .success()
        .stdout(contains("another pass uses the trusted miner"));
    running.kill().expect("it runs");
    running.wait().expect("it was started");
}

/// 1,536 samples of 3,500 series, as in production. Prints how long that takes.
#[tokio::test(flavor = "multi_thread")]
async fn sampling_as_much_as_in_production_is_quick() {
    let shelf = Shelf::start();
    let mut host = Host::new();
    for (name, value) in shelf.settings() {
        host.set(name, value);
    }
    host.horde(&["migrate"]).success();
    keep_series(&mut host.store(), &shelf, 3_500);
    let began = Instant::now();
    let drawn = host.json(&["prompts", "sample"]);
    println!("sampling took {:.2} s", began.elapsed().as_secs_f64());
    assert_eq!(
        (&drawn["workloads"], &drawn["samples"]),
        (&7.into(), &1_680.into())
    );
}
