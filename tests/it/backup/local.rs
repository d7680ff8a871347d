//! The local folder: what is placed there, what goes away, and what never does.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use rusqlite::Connection;

use super::{back_up, backups, files, machine, make_old, path_of};
use crate::host::Host;
use crate::program::may_mount;

#[test]
fn a_backup_has_its_sum_beside_it_and_is_for_its_owner_alone() {
    let host = machine();
    let name = back_up(&host);
    assert_eq!(files(&host), [name.clone(), format!("{name}.sha256")]);
    let mode = |path: &std::path::Path| {
        std::fs::metadata(path).expect("there").permissions().mode() & 0o777
    };
    assert_eq!(mode(&path_of(&host, &name)), 0o600);
    assert_eq!(mode(&host.path("backups")), 0o700);
    let check = Command::new("sha256sum")
        .args(["--check", &format!("{name}.sha256")])
        .current_dir(host.path("backups"))
        .status();
    assert!(check.expect("sha256sum is everywhere").success());
    let listed = host.json(&["list-backups"]);
    assert_eq!(listed["backups"][0]["name"], name.as_str());
    assert_eq!(listed["backups"][0]["place"], "local");
    assert!(!listed["backups"][0]["checked_at"].is_null());
    let status = host.json(&["status"]);
    assert_eq!(status["backup"]["name"], name.as_str());
    host.horde(&["status"]).success().stdout(
        contains("backup     ")
            .and(contains(" ago, "))
            .and(contains("in ")),
    );
}

#[test]
fn rotation_keeps_the_newest_and_removes_their_elders_with_their_sums() {
    let mut host = machine();
    host.set("BACKUP_LOCAL_ROTATE_KEEP_LAST", 2);
    for day in 1..=4 {
        let name = back_up(&host);
        make_old(
            &host,
            &name,
            &format!("db_dump_2026-01-0{day}_003000.sqlite.zst"),
        );
    }
    std::fs::write(path_of(&host, "letter.txt"), "not a backup").expect("written");
    let newest = back_up(&host);
    assert_eq!(
        files(&host),
        [
            "db_dump_2026-01-04_003000.sqlite.zst",
            "db_dump_2026-01-04_003000.sqlite.zst.sha256",
            &newest,
            &format!("{newest}.sha256"),
            "letter.txt",
        ]
    );
}

#[test]
fn without_a_rule_all_backups_stay() {
    let host = machine();
    for day in 1..=3 {
        let name = back_up(&host);
        make_old(
            &host,
            &name,
            &format!("db_dump_2020-01-0{day}_003000.sqlite.zst"),
        );
    }
    back_up(&host);
    assert_eq!(backups(&host).len(), 4);
}

#[test]
fn a_database_that_is_damaged_is_not_backed_up_and_costs_no_older_backup() {
    let mut host = machine();
    host.set("BACKUP_LOCAL_ROTATE_KEEP_LAST", 1);
    let name = back_up(&host);
    damage(&host);
    host.horde(&["backup-db"])
        .code(1)
        .stderr(contains("the database is damaged"));
    assert_eq!(backups(&host), [name.as_str()]);
    host.horde(&["restore-db"]).success();
    back_up(&host);
}

/// Breaks an index that backup-db itself does not read.
fn damage(host: &Host) {
    let db = Connection::open(host.database()).expect("it opens");
    let page: u64 = db
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'events_by_type'",
            [],
            |row| row.get(0),
        )
        .map(|page: i64| page.unsigned_abs())
        .expect("an index");
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .expect("in the file");
    drop(db);
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(host.database())
        .expect("it opens");
    let at = (page - 1) * 4096;
    std::os::unix::fs::FileExt::write_all_at(&file, &[0xff; 64], at).expect("written");
}

#[test]
fn what_a_killed_backup_left_is_swept_away() {
    let host = machine();
    let name = back_up(&host);
    let dead = "db_dump_2026-01-01_003000.sqlite.zst";
    for left in [
        format!(".{dead}.sqlite.partial"),
        format!(".{dead}.packed.partial"),
        format!("{dead}.sha256"),
    ] {
        std::fs::write(path_of(&host, &left), "x").expect("written");
    }
    std::fs::write(path_of(&host, ".partial"), "somebody else's").expect("written");
    make_old(&host, &name, "db_dump_2026-01-02_003000.sqlite.zst");
    let newest = back_up(&host);
    assert_eq!(
        files(&host),
        [
            ".partial",
            "db_dump_2026-01-02_003000.sqlite.zst",
            "db_dump_2026-01-02_003000.sqlite.zst.sha256",
            &newest,
            &format!("{newest}.sha256"),
        ]
    );
}

#[test]
fn a_target_that_is_set_in_part_is_named_and_the_local_backup_is_made() {
    let mut host = machine();
    host.set("BACKUP_B2_BUCKET_NAME", "mybackups");
    host.set("BACKUP_B2_KEY_ID", "001");
    host.horde(&["backup-db"])
        .code(2)
        .stderr(contains("BACKUP_B2_KEY_SECRET").and(contains("the backup is kept here")));
    assert_eq!(backups(&host).len(), 1);
    host.horde(&["status"])
        .success()
        .stdout(contains("! backup-db: the backup is kept here"));
    host.horde(&["backup-db", "--local-only"]).success();
}

#[test]
fn a_clock_that_jumps_backwards_costs_no_backup() {
    let mut host = machine();
    host.set("BACKUP_LOCAL_ROTATE_KEEP_LAST", 1);
    let ahead = back_up(&host);
    let of_the_future = "db_dump_2099-01-01_003000.sqlite.zst";
    make_old(&host, &ahead, of_the_future);
    let now = back_up(&host);
    assert_eq!(backups(&host), [now.as_str(), of_the_future]);
    // the newest of the past is the newest
    let verified = host.json(&["verify-backup"]);
    assert_eq!(verified["backup"]["name"], now.as_str());
}

#[test]
fn a_full_disk_is_named_and_costs_no_older_backup() {
    if !may_mount() {
        return;
    }
    let mut host = machine();
    host.set("BACKUP_LOCAL_ROTATE_KEEP_LAST", 1);
    // steps of the work end at different sizes: nothing fits, the copy does, the packed file too
    const SCRIPT: &str = r#"
        mkdir backups; mount -t tmpfs -o size=2m none backups || exit 99
        "$HORDE" -q backup-db --local-only; echo "first: $?"; ls backups
        for free in 0 4 100 240 244 248 252; do
            head -c "$((2048 - $(du -sk backups | cut -f1) - free))k" /dev/zero >backups/filler
            "$HORDE" -q backup-db --local-only 2>&1; echo "free $free: $?"
            rm backups/filler
            ls -A backups | grep partial && echo stays behind
        done
        "$HORDE" -q verify-backup && echo whole"#;
    let run = in_own_mounts(&host, SCRIPT);
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(said.contains("first: 0"), "{said}");
    assert!(said.contains("no room left to write"), "{said}");
    assert!(
        said.contains("free some room; no backup was removed"),
        "{said}"
    );
    assert!(said.ends_with("can be restored\nwhole\n"), "{said}");
    assert!(!said.contains("stays behind"), "{said}");
}

fn in_own_mounts(host: &Host, script: &str) -> std::process::Output {
    Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script])
        .current_dir(host.path(""))
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .envs(host.settings())
        .env("HORDE", env!("CARGO_BIN_EXE_horde"))
        .output()
        .expect("it runs")
}

#[test]
fn a_backup_that_is_old_or_was_never_made_is_red() {
    let host = machine();
    let red = |finding: &str| {
        let status = host.horde(&["status"]).success();
        status.stdout(contains(finding).and(contains("run `horde backup-db`")));
    };
    let all_is_well = || {
        host.horde(&["status"])
            .success()
            .stdout(contains("all is well"))
    };
    let change = |sql: &str| {
        let db = Connection::open(host.database()).expect("it opens");
        db.execute_batch(sql).expect("changed");
    };
    all_is_well();
    change("UPDATE refinery_schema_history SET applied_on = '2026-01-01T00:00:00Z'");
    red("! there is no backup yet");
    back_up(&host);
    all_is_well();
    change(
        "UPDATE backups SET made_at = strftime('%Y-%m-%dT%H:%M:%S.000000Z', 'now', '-40 hours')",
    );
    red("! the newest backup is 40 hours old");
}
