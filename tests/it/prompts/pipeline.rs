//! The whole way: generate, sample, answer, a batch with LLM jobs, scores.

use horde_validator::devnet::miner::{Behaviour, Cheat};
use horde_validator::store::{MinerEvidence, PromptCounts};
use predicates::str::contains;

use super::scene::{GPU, LLM, Scene};

fn batch(scene: &Scene) -> Vec<MinerEvidence> {
    scene.host.horde(&["run-synthetic", "--now"]).success();
    let store = scene.host.store();
    let newest = store.last_batches(1).expect("read").pop().expect("one");
    store.evidence(newest.id).expect("read")
}

fn of(evidence: &[MinerEvidence], scene: &Scene, place: usize) -> (u32, f64) {
    let hotkey = scene.miners[place].hotkey().to_string();
    let found = evidence.iter().find(|one| one.hotkey == hotkey);
    found.map_or((0, 0.0), |one| (one.jobs, one.score))
}

#[tokio::test(flavor = "multi_thread")]
async fn prompts_are_made_drawn_answered_and_decide_scores() {
    let wrong = Behaviour::Cheats(Cheat::WrongAnswers);
    let scene = Scene::new(
        Behaviour::Honest,
        vec![
            (vec![(LLM, 2)], Behaviour::Honest),
            (vec![(LLM, 1), (GPU, 1)], wrong),
        ],
    );
    let host = &scene.host;
    scene
        .prompts("generate")
        .success()
        .stdout(contains("4 series made"));
    scene
        .prompts("sample")
        .success()
        .stdout(contains("4 of 8 series are there"));
    scene
        .prompts("generate")
        .success()
        .stdout(contains("now there are 8"));
    scene
        .prompts("generate")
        .success()
        .stdout(contains("8 series, enough"));
    let drawn = host.json(&["prompts", "sample"]);
    assert_eq!(
        (&drawn["samples"], &drawn["workloads"]),
        (&4.into(), &2.into())
    );
    scene
        .prompts("generate")
        .success()
        .stdout(contains("2 workloads wait"));
    scene
        .prompts("sample")
        .success()
        .stdout(contains("4 samples are unused"));
    let answered = host.json(&["prompts", "answer"]);
    assert_eq!(answered["workloads_answered"], 2);
    assert_eq!(answered["prompts_unanswered"], 0);
    scene
        .prompts("answer")
        .success()
        .stdout(contains("no workload waits"));
    let expected = PromptCounts {
        series: 8,
        unfinished_workloads: 0,
        ready_samples: 4,
        waiting_samples: 0,
    };
    assert_eq!(scene.counts(), expected);
    assert_eq!(
        scene.events("LLM_PROMPT_GENERATION"),
        ["SUCCESS", "SUCCESS"]
    );
    assert_eq!(scene.events("LLM_PROMPT_ANSWERING"), ["SUCCESS"]);
    let seen = scene.trusted.ledger();
    assert_eq!(
        (seen.started_receipts.len(), seen.finished_receipts.len()),
        (4, 4)
    );

    // the multiplier is for a horde that is new in each batch
    let evidence = batch(&scene);
    assert_eq!(of(&evidence, &scene, 0), (2, 2.1));
    assert_eq!(
        of(&evidence, &scene, 1),
        (2, 1.05),
        "only its hash job is right"
    );
    assert_eq!(scene.counts().ready_samples, 1);
    let db = rusqlite::Connection::open(host.database()).expect("it opens");
    let count = |sql: &str| -> i64 { db.query_row(sql, [], |row| row.get(0)).expect("a number") };
    let compared = |result: &str| {
        count(&format!(
            "SELECT count(*) FROM prompt_comparisons WHERE result = '{result}'"
        ))
    };
    assert_eq!((compared("same"), compared("different")), (4, 2));
    let tied = "SELECT count(DISTINCT job_id) FROM prompt_samples WHERE taken_at IS NOT NULL";
    assert_eq!(count(tied), 3);

    // one sample is left for three executors
    let evidence = batch(&scene);
    assert_eq!(of(&evidence, &scene, 0), (0, 0.0));
    assert_eq!(of(&evidence, &scene, 1).0, 1, "other classes go on");
    assert_eq!(scene.counts().ready_samples, 1);
    let lack = "SELECT data ->> 'prompt_samples_required' || ' of ' ||
                       (data ->> 'prompt_samples_available')
                FROM events WHERE subtype = 'INSUFFICIENT_PROMPTS'";
    let lack: String = db.query_row(lack, [], |row| row.get(0)).expect("an event");
    assert_eq!(lack, "3 of 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_settings_each_pass_says_so_once_a_day_and_succeeds() {
    let mut scene = Scene::new(Behaviour::Honest, vec![]);
    for name in [
        "TRUSTED_MINER_KEY",
        "TRUSTED_MINER_ADDRESS",
        "TRUSTED_MINER_PORT",
    ] {
        scene.host.unset(name);
    }
    for _ in 0..2 {
        for what in ["generate", "answer"] {
            scene
                .prompts(what)
                .success()
                .stdout(contains("no trusted miner is configured"));
        }
    }
    let subtype = "TRUSTED_MINER_NOT_CONFIGURED";
    assert_eq!(scene.events("LLM_PROMPT_GENERATION"), [subtype]);
    assert_eq!(scene.events("LLM_PROMPT_ANSWERING"), [subtype]);
    scene
        .prompts("sample")
        .success()
        .stdout(contains("0 of 8 series"));
    for (name, _) in scene.shelf.settings() {
        scene.host.unset(name);
    }
    scene
        .prompts("sample")
        .success()
        .stdout(contains("no buckets"));
    assert_eq!(scene.host.json(&["prompts", "sample"])["outcome"], "idle");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_is_missing_among_others_is_named() {
    let mut scene = Scene::new(Behaviour::Honest, vec![]);
    scene.host.unset("TRUSTED_MINER_PORT");
    scene
        .prompts("generate")
        .code(2)
        .stderr(contains("TRUSTED_MINER_PORT"));
}
