//! What must hold whatever was done to a validator, once all is settled: its database, the chain's
//! ledger, those of the miners and that of the facilitator tell the same story.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use horde_validator::devnet::node::Outcome;
use horde_validator::store::{Filter, WeightsRow, WeightsState};
use horde_validator::wire::facilitator::JobStatus;
use rusqlite::Connection;

use super::validator::Validator;

/// How much was compared.
pub(super) struct Compared {
    batches: usize,
    missed: usize,
    requests: usize,
    extrinsics: usize,
    pub(super) in_force: usize,
    /// The reason of each.
    given_up: Vec<String>,
    users_jobs: usize,
    receipts: usize,
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} batches and {} missed, {} requests to miners, {} extrinsics, {} weights in force and {} given \
             up, {} users' jobs, {} receipts",
            self.batches,
            self.missed,
            self.requests,
            self.extrinsics,
            self.in_force,
            self.given_up.len(),
            self.users_jobs,
            self.receipts
        )?;
        let mut reasons = self.given_up.iter();
        reasons.try_for_each(|reason| write!(f, "\ngiven up: {reason}"))
    }
}

pub(super) fn assert_nothing_lost_or_twice(validator: &Validator) -> Compared {
    let db = validator.db();
    let finding = texts(&db, "PRAGMA integrity_check");
    assert_eq!(finding, BTreeSet::from(["ok".to_owned()]));
    assert_backups_are_whole(validator);
    assert_events_arrived(validator, &db);
    let (batches, requests) = assert_jobs(validator, &db);
    let (extrinsics, in_force, given_up) = assert_weights(validator);
    Compared {
        batches,
        missed: texts(&db, "SELECT uuid FROM batches WHERE state = 'missed'").len(),
        requests,
        extrinsics,
        in_force,
        given_up,
        users_jobs: assert_users_jobs(validator, &db),
        receipts: assert_receipts(validator, &db),
    }
}

/// All that a query finds, as text.
fn texts(db: &Connection, sql: &str) -> BTreeSet<String> {
    let mut query = db.prepare(sql).expect("SQL");
    let rows = query.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().expect("text")
}

/// Each request was made once; a batch that is done has all of its jobs, each of them known to its
/// miner; no batch ran twice.
fn assert_jobs(validator: &Validator, db: &Connection) -> (usize, usize) {
    let kept = texts(db, "SELECT uuid FROM jobs");
    let of_users = texts(db, "SELECT uuid FROM organic_jobs");
    let begun = texts(
        db,
        "SELECT uuid FROM batches WHERE state NOT IN ('planned', 'missed')",
    )
    .len();
    let mut asked = BTreeSet::new();
    for one in &validator.subnet.inhabitants {
        let ledger = one.miner.ledger();
        for requests in [&ledger.initial_requests, &ledger.job_requests] {
            let twice = requests.iter().find(|(_, times)| **times > 1);
            assert_eq!(twice, None, "{}", one.character.name);
        }
        let synthetic = ledger.initial_requests.keys();
        let synthetic: Vec<_> = synthetic.filter(|job| !of_users.contains(*job)).collect();
        // the one that dances claims twice as many at times
        let most = 2 * usize::try_from(one.character.executors).expect("a few");
        assert!(
            synthetic.len() <= begun * most,
            "{}: {} jobs in {begun} batches",
            one.character.name,
            synthetic.len()
        );
        asked.extend(ledger.initial_requests.into_keys());
    }
    let invented: Vec<_> = kept.difference(&asked).collect();
    assert!(invented.is_empty(), "nobody was asked: {invented:?}");
    (begun, asked.len())
}

/// Each extrinsic that the chain executed is one row's, and each row's is on the chain.
fn assert_weights(validator: &Validator) -> (usize, usize, Vec<String>) {
    let ledger = validator.subnet.node.ledger();
    // runtimes of block intervals refuse a commit while an older one is open; it is sent again
    let failed: Vec<_> = ledger
        .iter()
        .filter(|entry| matches!(entry.outcome, Outcome::Failed(_)))
        .filter(|entry| entry.outcome != Outcome::Failed("WeightsCommitNotAllowed"))
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
    let executed = |calls: &[&str]| {
        let of_call = ledger.iter().filter(|entry| calls.contains(&entry.call));
        of_call
            .filter(|entry| entry.outcome == Outcome::Succeeded)
            .count()
    };
    let rows = validator.store().find_weights(&Filter::default());
    let rows = rows.expect("read");
    let placed = rows.iter().filter(|row| row.placed_block.is_some()).count();
    let committed = executed(&["set_weights", "commit_weights", "commit_timelocked_weights"]);
    assert_eq!(committed, placed, "{rows:#?}\n{ledger:#?}");
    let in_state = |state: WeightsState| rows.iter().filter(move |row| row.state == state);
    let is_hash = |row: &&WeightsRow| row.way.name() == "hash";
    let revealed = in_state(WeightsState::Final).filter(is_hash).count();
    assert_eq!(executed(&["reveal_weights"]), revealed);
    for row in &rows {
        match row.state {
            WeightsState::Final => assert_in_its_window(row),
            WeightsState::GivenUp => assert_ne!(row.note, "", "{row:?}"),
            WeightsState::Decided | WeightsState::Placed => panic!("not settled: {row:?}"),
        }
    }
    let in_force = in_state(WeightsState::Final).count();
    let given_up = in_state(WeightsState::GivenUp).map(|row| row.note.clone());
    (ledger.len(), in_force, given_up.collect())
}

fn assert_in_its_window(row: &WeightsRow) {
    let block = row.final_block.expect("of weights in force");
    let is_inside = row.reveal_from.is_none_or(|from| from <= block)
        && row.reveal_until.is_none_or(|until| block <= until);
    assert!(is_inside, "{row:?}");
}

/// Each job that was taken has one end, which the facilitator was told.
fn assert_users_jobs(validator: &Validator, db: &Connection) -> usize {
    let taken = texts(db, "SELECT uuid FROM organic_jobs");
    let running = texts(db, "SELECT uuid FROM organic_jobs WHERE status = 'RUNNING'");
    assert!(running.is_empty(), "{running:?}");
    let mut told: BTreeMap<String, BTreeSet<JobStatus>> = BTreeMap::new();
    for one in validator.subnet.facilitator.ledger().updates {
        let ends = told.entry(one.update.uuid).or_default();
        if one.update.status != JobStatus::Accepted {
            ends.insert(one.update.status);
        }
    }
    for (uuid, ends) in &told {
        assert!(taken.contains(uuid), "{uuid} was never taken");
        assert_eq!(ends.len(), 1, "{uuid}: {ends:?}");
    }
    let untold: Vec<_> = taken
        .iter()
        .filter(|job| !told.contains_key(*job))
        .collect();
    assert!(untold.is_empty(), "{untold:?}");
    taken.len()
}

/// Each receipt that a miner holds is here.
fn assert_receipts(validator: &Validator, db: &Connection) -> usize {
    let kept = texts(db, "SELECT type || ' ' || job_uuid FROM receipts");
    for one in &validator.subnet.inhabitants {
        let ledger = one.miner.ledger();
        let started = ledger.started_receipts.iter();
        let finished = ledger.finished_receipts.iter();
        let given = started
            .map(|one| format!("JobStartedReceipt {}", one.job_uuid))
            .chain(finished.map(|one| format!("JobFinishedReceipt {}", one.job_uuid)));
        let lost: Vec<_> = given.filter(|receipt| !kept.contains(receipt)).collect();
        assert!(lost.is_empty(), "{}: {lost:?}", one.character.name);
    }
    kept.len()
}

/// What a killed pass had sent and not noted comes again, and nothing is left out.
fn assert_events_arrived(validator: &Validator, db: &Connection) {
    let arrived = validator.subnet.facilitator.ledger().events;
    let mut query = db
        .prepare(
            "SELECT type, subtype, count(*) FROM events WHERE sent_at IS NOT NULL GROUP BY 1, 2",
        )
        .expect("SQL");
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    for row in rows.expect("rows") {
        let (kind, subtype, sent): (String, String, i64) = row.expect("a count");
        let came = arrived
            .iter()
            .find(|((k, s), _)| (k.name(), s.name()) == (kind.as_str(), subtype.as_str()))
            .map_or(0, |(_, times)| *times);
        let came = i64::try_from(came).expect("a count");
        assert!(came >= sent, "{kind} {subtype}: {sent} sent, {came} came");
    }
    let unsent = validator.store().count_unsent_events().expect("read");
    // those of the passes after the last sending
    assert!(unsent <= 5, "{unsent}");
}

/// What has the name of a backup is one.
fn assert_backups_are_whole(validator: &Validator) {
    let folder = validator.folder.path().join("backups");
    let names = std::fs::read_dir(folder).expect("the folder of backups");
    let names = names.map(|entry| entry.expect("readable").file_name());
    let mut verified = 0;
    for name in names.filter_map(|name| name.into_string().ok()) {
        if name.ends_with(".zst") && !name.starts_with('.') {
            let verify = validator.command(&format!("verify-backup {name}")).output();
            let verify = verify.expect("started");
            let said = String::from_utf8_lossy(&verify.stderr);
            assert!(verify.status.success(), "{name}: {said}");
            verified += 1;
        }
    }
    assert!(verified > 0, "no backup at all");
}
