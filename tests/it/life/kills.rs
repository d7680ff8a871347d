//! Passes chosen at random, three at a time, killed after random times, hundreds in a row.
//!
//! `HORDE_TEST_KILLS=1000 cargo test --test it life::kills -- --nocapture` is the long form;
//! `HORDE_TEST_SEED` repeats its choices, though not the moments at which the machine obeys them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use horde_validator::devnet::node::CommitScheme;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::setting;
use super::truth;
use super::validator::{End, Validator};

const FEW: usize = 50;
/// Passes of one row never run at once. With each goes how many milliseconds it may take: it is
/// killed in that time, but for a quarter that runs to its end.
const PASSES: [&[(&str, u64)]; 3] = [
    &[
        ("set-weights", 250),
        ("set-weights", 250),
        ("set-weights", 1_000),
        ("schedule-synthetic", 150),
        ("sync-params", 100),
        ("evict", 60),
    ],
    &[
        ("run-synthetic", 2_500),
        ("run-synthetic --now", 2_500),
        ("prompts generate", 300),
        ("prompts sample", 200),
        ("prompts answer", 300),
        ("backup-db", 300),
    ],
    &[
        ("relay-organic --for 1s", 1_500),
        ("relay-organic --for 1s", 1_500),
        ("fetch-receipts", 150),
        ("send-events", 100),
    ],
];
const WHOLE: f64 = 0.25;
const JOB_EVERY: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_done_twice_however_often_passes_are_killed() {
    let wanted = setting("HORDE_TEST_KILLS").unwrap_or(FEW);
    let seed: u64 = setting("HORDE_TEST_SEED").unwrap_or_else(rand::random);
    println!("HORDE_TEST_SEED={seed}");
    let validator = Validator::start(CommitScheme::Epochs);
    let kills = AtomicUsize::new(0);
    let killing = async {
        let killers = (0..).zip(PASSES).map(|(number, passes)| {
            let random = StdRng::seed_from_u64(seed.wrapping_add(number));
            killer(&validator, passes, random, &kills, wanted)
        });
        futures_util::future::join_all(killers).await;
    };
    tokio::select! {
        () = killing => (),
        never = validator.subnet.order_jobs(JOB_EVERY) => match never {},
    }
    validator.settle().await;
    let truth = truth::assert_nothing_lost_or_twice(&validator);
    println!("{} kills: {truth}", kills.load(Ordering::SeqCst));
    println!("{}", validator.ends());
}

async fn killer(
    validator: &Validator,
    passes: &[(&str, u64)],
    mut random: StdRng,
    kills: &AtomicUsize,
    wanted: usize,
) {
    while kills.load(Ordering::SeqCst) < wanted {
        let (pass, usual) = passes.choose(&mut random).expect("passes");
        let longest = match random.random_bool(WHOLE) {
            true => Duration::MAX,
            false => Duration::from_millis(random.random_range(0..*usual)),
        };
        if validator.run_for(pass, longest).await == End::Killed {
            kills.fetch_add(1, Ordering::SeqCst);
        }
    }
}
