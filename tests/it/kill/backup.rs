//! Killing a backup with its rotation, and a restore: the newest whole backup is always there, and
//! the database is the old or the new one.

use std::os::unix::process::ExitStatusExt;

use crate::backup::{back_up, backups, files, machine, make_old, traces, write_trace};
use crate::host::Host;

/// Runs a command that is killed at this point; false: it ended before, well.
pub(super) fn is_killed(host: &Host, arguments: &[&str], point: u32) -> bool {
    let output = host
        .command()
        .args(arguments)
        .env("HORDE_KILL_AT", point.to_string())
        .output()
        .expect("it runs");
    // abort
    if output.status.signal() == Some(6) {
        return true;
    }
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    false
}

#[test]
fn a_backup_that_is_killed_anywhere_leaves_a_whole_one() {
    const OLD: &str = "db_dump_2026-01-01_003000.sqlite.zst";
    let mut points = 0;
    for point in 1.. {
        let mut host = machine();
        host.set("BACKUP_LOCAL_ROTATE_KEEP_LAST", 1);
        let name = back_up(&host);
        make_old(&host, &name, OLD);
        let is_killed = is_killed(&host, &["backup-db"], point);
        let there = backups(&host);
        let whole = there.iter().filter(|name| !name.starts_with('.'));
        let newest = whole
            .max()
            .unwrap_or_else(|| panic!("killed at point {point}: {there:?}"));
        // nothing but a whole backup has its name
        host.horde(&["verify-backup", newest]).success();
        host.horde(&["verify-backup"]).success();
        back_up(&host);
        assert_eq!(
            files(&host).len(),
            2,
            "killed at point {point}: {:?}",
            files(&host)
        );
        if !is_killed {
            break;
        }
        points = point;
    }
    assert!(points >= 15, "{points} points");
}

#[test]
fn a_restore_that_is_killed_anywhere_leaves_the_old_database_or_the_new_one() {
    let mut points = 0;
    let mut seen = [0, 0];
    for point in 1.. {
        let host = machine();
        write_trace(&host, "before");
        back_up(&host);
        write_trace(&host, "after");
        let is_killed = is_killed(&host, &["restore-db"], point);
        let traces = traces(&host);
        match traces.len() {
            1 => seen[1] += 1,
            2 => seen[0] += 1,
            _ => panic!("killed at point {point}: {traces:?}"),
        }
        assert!(is_killed || traces.len() == 1);
        assert!(
            !host.path("horde.db.restore/ready").exists(),
            "killed at point {point}: the swap was finished by the one who came next"
        );
        host.horde(&["restore-db"]).success();
        assert_eq!(self::traces(&host), ["before"]);
        assert!(!host.path("horde.db.restore").exists());
        if !is_killed {
            break;
        }
        points = point;
    }
    assert!(points >= 15, "{points} points");
    assert!(seen[0] > 5 && seen[1] > 5, "old and new: {seen:?}");
}
