//! Batches with hostile miners beside the same batches without them.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use horde_validator::hashjob;
use horde_validator::params::WeightsVersion;
use horde_validator::synthetic::batch::Limits;
use tokio::sync::Mutex;

use super::frames::Frames;
use super::kind::Kind;
use super::measured::Measured;
use super::scene::{CLASS, Scene};

/// Factor on all limits in time: a job may take 10.6 s.
const SCALE: f64 = 0.2;
const MOST_KIB: u64 = 256 << 10;
const LARGEST_LOG: usize = 1_000_000;
/// Starting, reading the chain and keeping what came, beyond the limits of the stages.
const BESIDES: Duration = Duration::from_secs(5);
/// Batches that run at the same time where each has one hostile miner.
const AT_ONCE: usize = 10;

/// One test at a time: the miners of each keep the machine busy, and those of another would answer
/// late for it.
static MACHINE: Mutex<()> = Mutex::const_new(());

/// What all stages may take together.
fn longest(scale: f64) -> Duration {
    let limits = Limits::PRODUCTION.scaled(scale);
    let job = hashjob::parameters(WeightsVersion::V4, 0, None).timeout();
    let stages = limits.manifest + limits.spin_up(CLASS) + limits.answer(job);
    stages + 2 * limits.receipts + limits.miner.close
}

fn assert_bounded(what: &str, run: &Measured, scale: f64) {
    let limit = longest(scale) + BESIDES;
    assert!(run.wall < limit, "{what}: {:?} of {limit:?}", run.wall);
    assert!(run.peak_kib < MOST_KIB, "{what}: {} KiB", run.peak_kib);
    assert!(
        run.log.len() < LARGEST_LOG,
        "{what}: {} bytes of log",
        run.log.len()
    );
}

/// Every hostile miner earned nothing and has one of its events.
fn assert_told(scene: &Scene) {
    let jobs = scene.jobs();
    let events = scene.host.store().last_events(1_000_000).expect("readable");
    for (hotkey, kind) in scene.hostile() {
        let earned = jobs.get(&hotkey).into_iter().flatten();
        assert!(earned.clone().all(|job| job.2 == 0), "{kind:?} has earned");
        let of_it = events
            .iter()
            .filter(|event| event.data["miner_hotkey"] == *hotkey);
        let subtypes: Vec<_> = of_it.map(|event| event.subtype.as_str()).collect();
        let expected = kind.events();
        let is_told = expected.iter().any(|one| subtypes.contains(&one.name()));
        assert!(is_told, "{kind:?}: {subtypes:?}, not one of {expected:?}");
    }
}

/// The honest have every job done, and the same to the bit as without the others.
fn assert_same_for_honest(what: &str, with: &Scene, without: &Scene) {
    let mut jobs = with.jobs();
    jobs.retain(|hotkey, _| with.is_honest(hotkey));
    assert_eq!(jobs.len(), with.honest.len(), "{what}");
    let all = jobs.values().flatten();
    let is_done = all.clone().all(|job| job.1);
    assert!(is_done, "{what}: {:#?}", with.comments());
    assert_eq!(jobs, without.jobs(), "{what}");
    assert_eq!(with.scores(), without.scores(), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_kind_of_hostile_miner_costs_the_honest_anything() {
    let _machine = MACHINE.lock().await;
    let alone = Scene::new(3, &[], false, SCALE).await;
    alone.run_batch().await;
    let alone = &alone;
    let one = async |kind: Kind| {
        let scene = Scene::new(3, std::slice::from_ref(&kind), true, SCALE).await;
        let run = scene.run_batch().await;
        let name = format!("{kind:?}");
        println!(
            "{name}: {:?}, {} KiB, {} bytes of log",
            run.wall,
            run.peak_kib,
            run.log.len()
        );
        assert_bounded(&name, &run, SCALE);
        assert_told(&scene);
        assert_same_for_honest(&name, &scene, alone);
    };
    let batches = stream::iter(Kind::all()).map(one);
    batches.buffer_unordered(AT_ONCE).collect::<()>().await;
}

/// What one of them takes is little; a crowd must not take it as many times.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_the_costliest_kinds_stays_within_the_memory() {
    let _machine = MACHINE.lock().await;
    for kind in [
        Kind::Frames(Frames::Pings),
        Kind::FramesAtWork(Frames::Mebibytes),
        Kind::FramesAtWork(Frames::Parts),
    ] {
        let scene = Scene::new(0, &vec![kind.clone(); 32], true, 1.0).await;
        let run = scene.run_batch().await;
        println!("32 times {kind:?}: {:?}, {} KiB", run.wall, run.peak_kib);
        assert_bounded(&format!("32 times {kind:?}"), &run, 1.0);
        assert_told(&scene);
    }
}

/// `HORDE_TEST_MINERS` is how many they are; a quarter of them is honest.
#[tokio::test(flavor = "multi_thread")]
async fn all_kinds_of_hostile_miners_at_once_cost_the_honest_nothing() {
    let _machine = MACHINE.lock().await;
    let miners = std::env::var_os("HORDE_TEST_MINERS");
    let miners = miners.map_or(64, |text| {
        let number = text.to_str().and_then(|text| text.parse().ok());
        number.expect("a number of miners")
    });
    let honest = miners / 4;
    let kinds: Vec<Kind> = Kind::all()
        .into_iter()
        .cycle()
        .take(miners - honest)
        .collect();
    let with = Scene::new(honest, &kinds, true, SCALE).await;
    let run = with.run_batch().await;
    println!(
        "{miners} miners: {:?}, {} KiB, {} bytes of log, {}",
        run.wall,
        run.peak_kib,
        run.log.len(),
        run.said
    );
    let without = Scene::new(honest, &kinds, false, SCALE).await;
    without.run_batch().await;
    assert_same_for_honest("all", &with, &without);
    assert_eq!(with.weights().await, without.weights().await);
    assert_told(&with);
    assert_bounded("all", &run, SCALE);
}
