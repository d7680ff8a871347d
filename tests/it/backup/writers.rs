//! Backups while passes write: each is the database of one moment between its start and its end.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use chrono::Utc;
use horde_validator::store::PassOutcome;
use rusqlite::Connection;

use super::{back_up, machine, path_of};
use crate::host::Host;

const BACKUPS: usize = 100;
const WRITES_PER_SECOND: u32 = 100;

/// What was written before a backup began and what after it ended, by number.
struct Taken {
    name: String,
    at_least: u32,
    at_most: u32,
}

#[test]
fn each_of_100_backups_is_the_database_of_a_moment_between_its_start_and_its_end() {
    let host = machine();
    let (written, begun) = (AtomicU32::new(0), AtomicU32::new(0));
    let (until, ended) = channel();
    let taken = std::thread::scope(|scope| {
        scope.spawn(|| write(&host, &begun, &written, ended));
        let taken = (0..BACKUPS).map(|_| {
            let at_least = written.load(Ordering::SeqCst);
            let name = back_up(&host);
            let at_most = begun.load(Ordering::SeqCst);
            Taken {
                name,
                at_least,
                at_most,
            }
        });
        let taken: Vec<Taken> = taken.collect();
        drop(until);
        taken
    });
    assert!(
        taken.iter().any(|one| one.at_least < one.at_most),
        "nothing was written meanwhile"
    );
    let unpacked = host.path("unpacked.db");
    for one in &taken {
        let packed = std::fs::read(path_of(&host, &one.name)).expect("a backup");
        std::fs::write(&unpacked, zstd::decode_all(&packed[..]).expect("whole")).expect("written");
        let [newest, count] = numbers(&unpacked);
        assert_eq!(newest, count, "{}: a moment has no gaps", one.name);
        assert!(
            (one.at_least..=one.at_most).contains(&newest),
            "{}: {newest} is not in {} to {}",
            one.name,
            one.at_least,
            one.at_most
        );
    }
}

fn write(host: &Host, begun: &AtomicU32, written: &AtomicU32, ended: Receiver<()>) {
    let mut store = host.store();
    let start = Instant::now();
    for number in 1.. {
        begun.store(number, Ordering::SeqCst);
        let pass = store
            .begin_pass("writer", &number.to_string(), Utc::now())
            .expect("written");
        written.store(number, Ordering::SeqCst);
        store
            .end_pass(pass, PassOutcome::Done, "", Utc::now())
            .expect("written");
        let due = Duration::from_secs(1) * number / WRITES_PER_SECOND;
        let pause = due.saturating_sub(start.elapsed());
        if ended.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

/// The newest number of the writer, and how many there are.
fn numbers(database: &std::path::Path) -> [u32; 2] {
    let db = Connection::open(database).expect("it opens");
    let finding: String = db
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("checked");
    assert_eq!(finding, "ok");
    db.query_row(
        "SELECT coalesce(max(CAST(version AS INTEGER)), 0), count(*) FROM passes
         WHERE name = 'writer'",
        [],
        |row| Ok([row.get(0)?, row.get(1)?]),
    )
    .expect("numbers")
}
