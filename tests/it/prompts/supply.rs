//! Series, workloads and samples as the passes would have left them.

use chrono::Utc;
use horde_validator::devnet::miner::answer;
use horde_validator::store::{BatchId, BatchPlan, NewWorkload, Store};
use uuid::Uuid;

use crate::shelf::Shelf;

/// Prompts in each series.
const PROMPTS: usize = 8;
pub(super) const SEED: u32 = 7;

fn prompts(uuid: &str) -> Vec<String> {
    (0..PROMPTS).map(|n| format!("{uuid} {n}?")).collect()
}

/// Keeps that many series, and puts them on the shelf.
pub(super) fn keep_series(store: &mut Store, shelf: &Shelf, count: usize) {
    let series: Vec<(String, String)> = (0..count)
        .map(|_| {
            let uuid = Uuid::new_v4().to_string();
            let path = format!("/prompts/{uuid}");
            shelf.put(&path, prompts(&uuid).join("\n"));
            (uuid, shelf.url(&path))
        })
        .collect();
    store
        .keep_series(&series, 0, &[], &[], Utc::now())
        .expect("kept");
}

/// Keeps that many samples whose prompts are the first two of their series, with their answers.
pub(super) fn keep_samples(store: &mut Store, shelf: &Shelf, count: usize) {
    keep_series(store, shelf, count);
    let series = store.series().expect("read");
    let newest = &series[series.len() - count..];
    let workload = NewWorkload {
        uuid: Uuid::new_v4().to_string(),
        seed: SEED,
        url: shelf.url("/answers/workload"),
        samples: newest
            .iter()
            .map(|one| (one.id, prompts(&one.uuid)[..2].to_vec()))
            .collect(),
    };
    let now = Utc::now();
    let id = store.keep_workload(&workload, now).expect("kept");
    let prompts = store.workload_prompts(id).expect("read");
    let answers: Vec<(i64, String)> = prompts
        .into_iter()
        .map(|(id, prompt)| (id, answer(&prompt, SEED)))
        .collect();
    let is_new = store.finish_workload(id, &answers, &[], &[], now);
    assert!(is_new.expect("kept"));
}

/// A batch that has just begun.
pub(super) fn begin_batch(store: &mut Store) -> BatchId {
    let plan = BatchPlan {
        cycle_start: 0,
        cycle_stop: 722,
        block: 24,
    };
    store.start_batch_now(plan, Utc::now()).expect("started")
}

#[test]
fn a_sample_is_taken_once_and_a_broken_batch_gives_none_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::open_or_create(&folder.path().join("horde.db")).expect("new");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _inside = runtime.enter();
    let shelf = Shelf::start();
    keep_samples(&mut store, &shelf, 3);
    let first = begin_batch(&mut store);
    let now = Utc::now();
    let all = store.take_samples(first, 4, now).expect("read");
    assert_eq!(
        (all.available, all.samples.len()),
        (3, 0),
        "too few: none is taken"
    );
    let taken = store.take_samples(first, 2, now).expect("taken").samples;
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0].known.len(), 2);
    assert_eq!(taken[0].seed, SEED);
    let event = |batch: &horde_validator::store::BatchRow| {
        use horde_validator::wire::event::{Event, EventSubtype, EventType};
        let (kind, subtype) = (EventType::ValidatorFailure, EventSubtype::Failure);
        Event::new(kind, subtype, now, batch.note.as_str())
    };
    let broken = store.break_running_batches("killed", event).expect("kept");
    assert_eq!(broken.len(), 1);
    let second = begin_batch(&mut store);
    let rest = store.take_samples(second, 1, now).expect("taken").samples;
    assert!(taken.iter().all(|one| one.id != rest[0].id));
    assert_eq!(store.prompt_counts().expect("read").ready_samples, 0);
}

#[test]
fn a_sample_without_a_known_answer_is_never_given_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::open_or_create(&folder.path().join("horde.db")).expect("new");
    let now = Utc::now();
    let series = [("a", "http://a"), ("b", "http://b")];
    let series = series.map(|(uuid, url)| (uuid.to_owned(), url.to_owned()));
    store.keep_series(&series, 0, &[], &[], now).expect("kept");
    let ids: Vec<_> = store
        .series()
        .expect("read")
        .iter()
        .map(|one| one.id)
        .collect();
    let workload = NewWorkload {
        uuid: "w".to_owned(),
        seed: u32::MAX,
        url: String::new(),
        samples: ids
            .iter()
            .map(|id| (*id, vec!["p".to_owned(), "q".to_owned()]))
            .collect(),
    };
    let id = store.keep_workload(&workload, now).expect("kept");
    assert_eq!(
        store.unfinished_workloads().expect("read")[0].seed,
        u32::MAX
    );
    let prompts = store.workload_prompts(id).expect("read");
    let answers = [(prompts[0].0, "yes".to_owned())];
    assert!(
        store
            .finish_workload(id, &answers, &[], &[], now)
            .expect("kept")
    );
    assert!(
        !store
            .finish_workload(id, &answers, &[], &[], now)
            .expect("kept")
    );
    let batch = begin_batch(&mut store);
    let taken = store.take_samples(batch, 2, now).expect("read");
    assert_eq!((taken.available, taken.samples.len()), (1, 0));
    let taken = store.take_samples(batch, 1, now).expect("taken").samples;
    assert_eq!(taken[0].known.len(), 1, "only what can be compared");
}
