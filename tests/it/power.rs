//! Power is lost while the real program works. What it asked of the kernel is recorded and replayed
//! into a model of a disk that forgets what was not synced (`disk` says how); power goes at random
//! moments, and what is left has to hold everything that was promised to others before.
//!
//! `HORDE_POWER_LOSSES` says how often power goes in each scene.

mod continuing;
mod disk;
mod facts;
mod file;
mod frames;
mod log;
mod recording;
mod replay;
mod scenes;
mod trace;

use log::Happening;
use recording::Recording;
use replay::{Cut, violations};

/// Losses of power in each scene.
fn losses() -> u64 {
    let wanted = std::env::var_os("HORDE_POWER_LOSSES");
    wanted.map_or(6, |number| {
        let number = number.into_string().expect("text");
        number.parse().expect("a number")
    })
}

fn assert_survives(recording: &Recording) {
    for seed in 0..losses() {
        let cut = Cut::random(&recording.happenings, seed);
        let found = violations(recording, &recording.happenings, cut);
        assert!(found.is_empty(), "seed {seed}, {cut}: {found:#?}");
    }
}

macro_rules! survives {
    ($($name:ident: $scene:expr;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            if trace::is_allowed() {
                assert_survives(&$scene);
            }
        }
    )*};
}

survives! {
    weights_that_are_committed_and_revealed_survive: scenes::commit_and_reveal();
    weights_that_are_time_locked_survive: scenes::timelock();
    weights_that_are_set_in_clear_survive: scenes::set();
    a_batch_survives: scenes::batch();
    backups_and_their_rotation_survive: scenes::backups();
    a_new_database_survives: scenes::new_database();
    migrations_survive_from_version_1: scenes::migration("v1.db");
    migrations_survive_from_version_4: scenes::migration("v4.db");
    a_restore_leaves_the_old_database_or_the_new_one: scenes::restore();
}

/// Without these syncs the same replays must find something; else they would prove nothing.
fn assert_noticed(recording: &Recording, what: &str, is_dropped: impl Fn(&Happening) -> bool) {
    let mut left = recording.happenings.clone();
    left.retain(|happening| !is_dropped(happening));
    let mut seeds = 0..1000;
    let is_noticed = |seed| {
        let cut = Cut::random(&left, seed);
        !violations(recording, &left, cut).is_empty()
    };
    assert!(
        seeds.any(is_noticed),
        "that {what} were not synced was never noticed"
    );
}

fn is_sync_of(happening: &Happening, is_one: impl Fn(&str) -> bool) -> bool {
    match happening {
        Happening::SyncBegins { path, .. } => is_one(&path.to_string_lossy()),
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn syncs_that_are_left_out_are_noticed() {
    if !trace::is_allowed() {
        return;
    }
    let weights = scenes::commit_and_reveal();
    assert_noticed(&weights, "files", |one| is_sync_of(one, |_| true));
    assert_noticed(&weights, "journals", |one| {
        is_sync_of(one, |path| path.ends_with("-wal"))
    });
    let backups = scenes::backups();
    let is_packed = |path: &str| path.ends_with(".packed.partial");
    assert_noticed(&backups, "backups", |one| is_sync_of(one, is_packed));
    assert_noticed(&backups, "names", |one| {
        is_sync_of(one, |path| path == "backups")
    });
    let restore = scenes::restore();
    let is_new = |path: &str| path == "horde.db.restore/horde.db";
    assert_noticed(&restore, "restored databases", |one| {
        is_sync_of(one, is_new)
    });
}
