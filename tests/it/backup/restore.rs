//! Restoring: what takes whose place, what is kept, and what a restored database knows.

use std::process::Command;

use horde_validator::store::{NewWorkload, Store};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use rusqlite::Connection;

use super::{back_up, machine, path_of, traces, write_trace};
use crate::host::Host;

#[test]
fn a_restored_database_takes_the_place_of_the_present_one_which_is_kept() {
    let host = machine();
    write_trace(&host, "before");
    let name = back_up(&host);
    write_trace(&host, "after");
    let restored = host.json(&["restore-db", &name]);
    assert_eq!(restored["backup"]["name"], name.as_str());
    assert_eq!(traces(&host), ["before"]);
    let kept = restored["kept"].as_str().expect("a path").to_owned();
    assert!(kept.contains("horde.db.before-"), "{kept}");
    // the way back
    host.horde(&["restore-db", &kept]).success();
    assert_eq!(traces(&host), ["before", "after"]);
    host.horde(&["migrate"])
        .success()
        .stdout(contains("is up to date"));
}

#[test]
fn a_journal_of_the_old_database_is_kept_with_it_and_never_reaches_the_new_one() {
    let host = machine();
    write_trace(&host, "before");
    let name = back_up(&host);
    leave_journal(&host);
    assert!(host.path("horde.db-wal").exists());
    let restored = host.json(&["restore-db", &name]);
    assert_eq!(traces(&host), ["before"]);
    let kept = restored["kept"].as_str().expect("a path");
    let old = Connection::open(kept).expect("it opens");
    let last: String = old
        .query_row(
            "SELECT max(version) FROM passes WHERE name = 'trace'",
            [],
            |row| row.get(0),
        )
        .expect("its journal is applied to it");
    assert_eq!(last, "journal");
}

#[test]
fn a_database_that_was_not_closed_is_restored_with_its_journal() {
    let host = machine();
    write_trace(&host, "before");
    leave_journal(&host);
    for part in ["", "-wal"] {
        let part = |name: &str| host.path(&format!("{name}{part}"));
        std::fs::rename(part("horde.db"), part("of-a-dead-machine.db")).expect("moved");
    }
    let path = host.path("of-a-dead-machine.db").display().to_string();
    host.horde(&["verify-backup", &path]).success();
    host.horde(&["restore-db", &path]).success();
    assert_eq!(traces(&host), ["before", "journal"]);
}

/// Writes, and dies before the journal is brought into the file.
fn leave_journal(host: &Host) {
    let path = host.database();
    let (copy, journal) = (host.path("copy.db"), host.path("copy.db-wal"));
    let db = Connection::open(&path).expect("it opens");
    db.execute(
        "INSERT INTO passes (name, version, started_at, ended_at, outcome)
         VALUES ('trace', 'journal', '2026-01-01T00:00:00.000000Z',
                 '2026-01-01T00:00:00.000000Z', 'done')",
        [],
    )
    .expect("written");
    std::fs::copy(&path, &copy).expect("copied");
    std::fs::copy(host.path("horde.db-wal"), &journal).expect("copied");
    drop(db);
    std::fs::rename(copy, path).expect("renamed");
    std::fs::rename(journal, host.path("horde.db-wal")).expect("renamed");
}

#[test]
fn a_restore_is_refused_while_a_pass_runs() {
    let host = machine();
    back_up(&host);
    let running = host.store();
    let began = std::time::Instant::now();
    host.horde(&["restore-db"]).code(75).stderr(
        contains("the database is in use: a pass is running")
            .and(contains("systemctl stop horde.target")),
    );
    assert!(
        began.elapsed().as_secs() >= 10,
        "a short pass is waited for"
    );
    // a rehearsal disturbs nobody
    host.horde(&["verify-backup"])
        .success()
        .stdout(contains("can be restored"));
    drop(running);
    host.horde(&["restore-db"]).success();
}

#[test]
fn an_empty_machine_is_enough() {
    let host = machine();
    write_trace(&host, "before");
    let name = back_up(&host);
    let mut other = Host::new();
    other.set("HORDE_DB", other.path("state/of/horde.db").display());
    other.set("BACKUP_DIRECTORY", host.path("backups").display());
    other
        .horde(&["list-backups"])
        .success()
        .stdout(contains(name).and(contains("not checked")));
    other.horde(&["verify-backup"]).success();
    other.horde(&["restore-db"]).success();
    let store = Store::open(&other.path("state/of/horde.db")).expect("restored");
    let passes = store.last_passes().expect("readable");
    let of = |name: &str| passes.iter().find(|pass| pass.name == name);
    assert!(of("trace").is_some() && of("restore-db").is_some());
}

#[test]
fn what_was_under_way_is_not_and_prompts_that_may_be_known_are_not_used() {
    let host = machine();
    let mut store = host.store();
    let now = chrono::Utc::now();
    store.begin_pass("run-synthetic", "x", now).expect("kept");
    let series = [("a series".to_owned(), "https://example.org".to_owned())];
    store.keep_series(&series, 0, &[], &[], now).expect("kept");
    let series = store.series().expect("read")[0].id;
    let workload = NewWorkload {
        uuid: "a workload".to_owned(),
        seed: 1,
        url: "https://example.org".to_owned(),
        samples: vec![(series, vec!["a prompt".to_owned()])],
    };
    store.keep_workload(&workload, now).expect("kept");
    drop(store);
    let name = back_up(&host);
    host.horde(&["restore-db"]).success();
    let db = Connection::open(host.database()).expect("it opens");
    let count = |sql: &str| -> i64 { db.query_row(sql, [], |row| row.get(0)).expect("a number") };
    assert_eq!(
        count("SELECT count(*) FROM passes WHERE outcome IS NULL"),
        0
    );
    assert_eq!(count("SELECT count(*) FROM prompt_samples"), 1);
    assert_eq!(
        count("SELECT count(*) FROM prompt_samples WHERE taken_at IS NULL"),
        0
    );
    let status = host.json(&["status"]);
    assert_eq!(status["restored"]["backup"], name.as_str());
    assert_eq!(status["backup"]["name"], name.as_str());
}

#[test]
fn an_older_version_is_brought_up_to_date_while_it_is_restored() {
    let host = machine();
    for file in ["v1.db", "v2.db", "v3.db", "v4.db", "v5.db"] {
        let path = format!("{}/tests/databases/{file}", env!("CARGO_MANIFEST_DIR"));
        host.horde(&["restore-db", &path]).success();
        host.horde(&["migrate"])
            .success()
            .stdout(contains("is up to date"));
    }
}

#[test]
fn what_root_backs_up_and_restores_belongs_to_the_owner_of_the_database() {
    // root restores, the user of the units goes on
    if !is_root() {
        eprintln!("left out: only root can give files away");
        return;
    }
    let host = machine();
    let owner = |path: &std::path::Path| {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata(path).expect("there").uid()
    };
    std::os::unix::fs::chown(host.database(), Some(1234), Some(1234)).expect("given away");
    let name = back_up(&host);
    for file in [String::new(), name.clone(), format!("{name}.sha256")] {
        assert_eq!(owner(&path_of(&host, &file)), 1234, "{file}");
    }
    host.horde(&["restore-db"]).success();
    assert_eq!(owner(&host.database()), 1234);
    host.horde(&["status"]).success();
    std::fs::remove_file(host.path("horde.in-use.lock")).expect("removed");
    host.horde(&["status"]).success();
    assert_eq!(owner(&host.path("horde.in-use.lock")), 1234);
    // where there is none any more, its folder tells
    std::os::unix::fs::chown(host.path("."), Some(1235), Some(1235)).expect("given away");
    for made_by in [&["restore-db"][..], &["migrate"]] {
        for lost in ["horde.db", "horde.in-use.lock"] {
            std::fs::remove_file(host.path(lost)).expect("removed");
        }
        host.horde(made_by).success();
        for made in ["horde.db", "horde.in-use.lock"] {
            assert_eq!(owner(&host.path(made)), 1235, "{made} by {made_by:?}");
        }
    }
}

fn is_root() -> bool {
    let id = Command::new("id")
        .arg("-u")
        .output()
        .expect("it is everywhere");
    id.stdout == b"0\n"
}
