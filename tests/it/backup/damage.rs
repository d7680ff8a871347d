//! Backups that must not be restored: damaged, truncated, of a newer program, somebody else's.

use horde_validator::backup::{self, BackupError, Place, Verified, Wanted};
use horde_validator::pass::Frame;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::{back_up, machine, path_of, traces, write_trace};
use crate::host::Host;

#[tokio::test]
async fn one_flipped_bit_is_found_each_time_in_1000_tries() {
    let host = machine();
    let name = back_up(&host);
    let path = path_of(&host, &name);
    let whole = std::fs::read(&path).expect("a backup");
    let frame = host.frame();
    for nth in 0..1000 {
        let mut damaged = whole.clone();
        let at = nth * whole.len() / 1000;
        damaged[at] ^= 1 << (nth % 8);
        std::fs::write(&path, &damaged).expect("written");
        let found = verify(&frame).await;
        assert!(
            matches!(found, Err(BackupError::Damaged { .. })),
            "byte {at}: {found:?}"
        );
    }
    std::fs::write(&path, &whole).expect("written");
    verify(&frame).await.expect("whole again");
}

/// Other tests of this process start programs, which hold our lock for the moment between fork and
/// exec.
async fn verify(frame: &Frame) -> Result<Verified, BackupError> {
    loop {
        match backup::verify(frame, &Wanted::Latest, Place::Local, None).await {
            Err(BackupError::Restoring) => (),
            verified => return verified,
        }
    }
}

#[test]
fn a_truncated_backup_is_refused_and_the_database_stays() {
    let host = machine();
    let name = back_up(&host);
    write_trace(&host, "after");
    let path = path_of(&host, &name);
    let whole = std::fs::read(&path).expect("a backup");
    std::fs::write(&path, &whole[..whole.len() / 2]).expect("written");
    host.horde(&["restore-db"])
        .code(1)
        .stderr(contains("is damaged: its SHA-256 is"));
    std::fs::remove_file(path_of(&host, &format!("{name}.sha256"))).expect("removed");
    host.horde(&["restore-db"])
        .code(1)
        .stderr(contains("has no sum beside it"));
    // a file that is named may come without its sum
    let copy = host.path("from-a-mail");
    std::fs::copy(&path, &copy).expect("copied");
    host.horde(&["restore-db", copy.to_str().expect("text")])
        .code(1)
        .stderr(contains("`from-a-mail` is damaged"));
    assert_eq!(traces(&host), ["after"]);
    assert!(!host.path("horde.db.restore").exists());
}

#[test]
fn a_backup_of_a_newer_program_is_refused() {
    let host = machine();
    let path = packed(&host, |db| {
        db.execute(
            "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
             VALUES (99, 'tomorrow', '2030-01-01T00:00:00Z', '1')",
            [],
        )
        .expect("a row");
    });
    host.horde(&["restore-db", &path]).code(2).stderr(
        contains("the database has version 99, this program knows versions up to")
            .and(contains("install the newer program")),
    );
}

#[test]
fn a_database_of_somebody_else_is_refused() {
    let host = machine();
    for (change, finding) in [
        ("DROP TABLE refinery_schema_history", "it has no migrations"),
        (
            "UPDATE refinery_schema_history SET checksum = '7' WHERE version = 2",
            "its migration 2 is not ours",
        ),
    ] {
        let path = packed(&host, |db| db.execute_batch(change).expect("changed"));
        host.horde(&["restore-db", &path])
            .code(2)
            .stderr(contains("is not a database of this program").and(contains(finding)));
    }
    let text = host.path("letter");
    std::fs::write(&text, "Dear operator").expect("written");
    host.horde(&["restore-db", text.to_str().expect("text")])
        .code(1)
        .stderr(contains("`letter` is damaged: it is no backup"));
    host.horde(&["verify-backup", "./nothing"])
        .code(1)
        .stderr(contains("cannot read `./nothing`"));
}

#[test]
fn a_backup_of_another_chain_or_another_validator_is_refused() {
    let host = machine();
    host.store().bind_genesis("0xaa").expect("bound");
    let path = packed(&host, |db| {
        db.execute("UPDATE meta SET value = '0xbb' WHERE key = 'genesis'", [])
            .expect("changed");
    });
    host.horde(&["restore-db", &path]).code(2).stderr(contains(
        "it belongs to the chain with genesis 0xbb, the present database to 0xaa",
    ));
    let seen = r#"{"at": "2026-01-01T00:00:00Z", "block": 1, "tempo": 360, "last_update": null,
                   "hotkey": "5Other"}"#;
    let path = packed(&host, |db| {
        db.execute(
            "INSERT INTO meta (key, value) VALUES ('chain_seen', ?1)",
            [seen],
        )
        .expect("changed");
    });
    host.horde(&["restore-db", &path]).code(2).stderr(contains(
        "it belongs to the validator 5Other, this one is 5",
    ));
}

#[test]
fn a_database_with_a_broken_index_or_a_broken_reference_is_refused() {
    let host = machine();
    let path = packed(&host, |db| {
        db.execute_batch(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO prompt_samples (series_id, workload_id) VALUES (7, 7)",
        )
        .expect("changed");
    });
    host.horde(&["restore-db", &path]).code(1).stderr(contains(
        "a row of `prompt_samples` refers to a row that is not there",
    ));
}

#[test]
fn what_is_no_name_is_refused_before_anything_is_done() {
    let host = machine();
    host.horde(&["restore-db", "yesterday"])
        .code(2)
        .stderr(contains(
            "neither `latest`, nor a backup's name, nor a path",
        ));
    host.horde(&["restore-db"])
        .code(2)
        .stderr(contains("there is no backup in"));
    back_up(&host);
    host.horde(&["verify-backup", "db_dump_2020-01-01_000000.sqlite.zst"])
        .code(2)
        .stderr(contains("there is no backup `db_dump_2020-01-01_000000"));
    host.horde(&["verify-backup", "--from", "s3"])
        .code(2)
        .stderr(contains("no BACKUP_S3_BUCKET_NAME is set"));
}

/// A backup of a changed copy of the database, with a right sum; gives back its path.
fn packed(host: &Host, change: impl FnOnce(&Connection)) -> String {
    let copy = host.path("changed.db");
    let _ = std::fs::remove_file(&copy);
    let db = Connection::open(host.database()).expect("it opens");
    db.execute("VACUUM INTO ?1", [copy.to_str().expect("text")])
        .expect("copied");
    change(&Connection::open(&copy).expect("it opens"));
    let bytes = std::fs::read(&copy).expect("read");
    let name = "db_dump_2026-01-01_003000.sqlite.zst";
    let packed = zstd::encode_all(&bytes[..], 3).expect("packed");
    let sum = hex::encode(Sha256::digest(&packed));
    std::fs::write(host.path(name), &packed).expect("written");
    std::fs::write(
        host.path(&format!("{name}.sha256")),
        format!("{sum}  {name}\n"),
    )
    .expect("written");
    host.path(name).display().to_string()
}
