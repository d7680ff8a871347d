//! A machine with all timers, on a local subnet: each of them fires, each pass succeeds, weights
//! come into force.

use std::collections::BTreeMap;
use std::time::Duration;

use horde_validator::devnet::node::CommitScheme;
use horde_validator::devnet::{Plan, Subnet, cast};
use rusqlite::{Connection, OpenFlags};
use tokio::time::{Instant, sleep};

use super::units;
use crate::debian::Debian;

const BLOCK_TIME: Duration = Duration::from_millis(250);
const TEMPO: u16 = 49;
const TIME_SCALE: f64 = 0.03;
/// In place of the periods of the timers.
const FAST: &str = "[Timer]\nOnCalendar=\nOnCalendar=*:*:0/1\n";
/// No unit is started so often otherwise.
const OFTEN: &str = "[Unit]\nStartLimitIntervalSec=0\n";
const ROUNDS: i64 = 2;
const LIMIT: Duration = Duration::from_secs(150);

fn subnet(folder: &std::path::Path) -> Subnet {
    Subnet::start(Plan {
        folder: folder.to_owned(),
        scheme: CommitScheme::Epochs,
        block_time: BLOCK_TIME,
        tempo: TEMPO,
        characters: cast(Duration::from_secs(60).mul_f64(TIME_SCALE))
            .into_iter()
            .take(4)
            .collect(),
        port: 0,
        time_scale: TIME_SCALE,
    })
    .expect("free ports")
}

/// The settings of the subnet, but where things are on this machine.
fn settings(subnet: &Subnet) -> String {
    let own = ["HORDE_DB", "BITTENSOR_WALLET_DIRECTORY", "BACKUP_DIRECTORY"];
    let mut lines = String::new();
    for (name, value) in subnet.environment() {
        if !own.contains(&name) {
            lines.push_str(&format!("{name}=\"{value}\"\n"));
        }
    }
    lines
}

/// How many passes of each name have ended well, and the last one that has not.
fn passes(debian: &Debian) -> (BTreeMap<String, i64>, Option<String>) {
    let path = debian.path("/var/lib/horde/horde.db");
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let db = db.expect("it opens");
    let mut query = db
        .prepare(
            "SELECT name, count(*) FROM passes WHERE outcome IN ('done', 'idle') GROUP BY name",
        )
        .expect("a query");
    let counts = query
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("rows")
        .map(|row| row.expect("a row"))
        .collect();
    let bad = db
        .query_row(
            "SELECT name || ': ' || summary FROM passes
             WHERE outcome NOT IN ('done', 'idle') ORDER BY id DESC LIMIT 1",
            [],
            |row| row.get(0),
        )
        .ok();
    (counts, bad)
}

/// Those that are speeded up.
fn fast_timers() -> Vec<String> {
    let mut timers = units(".timer");
    timers.retain(|timer| timer != "horde-backup-db.timer");
    timers
}

fn weights_in_force(debian: &Debian) -> i64 {
    let path = debian.path("/var/lib/horde/horde.db");
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    db.expect("it opens")
        .query_row(
            "SELECT count(*) FROM weights WHERE state = 'final'",
            [],
            |row| row.get(0),
        )
        .expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_timer_fires_and_each_pass_succeeds_under_a_real_systemd() {
    let Some(mut debian) = Debian::new() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let subnet = subnet(folder.path());
    debian.write("/src/devnet.env", &settings(&subnet));
    // with the parameters of the subnet
    debian.take(&folder.path().join("horde.db"), "/var/lib/horde/");
    debian.take(&folder.path().join("wallets"), "/src/");
    debian.run_well(
        "useradd --system --user-group --no-create-home horde; chown -R horde: /var/lib/horde; \
         cd /src && ./install.sh local --binary horde --env-file devnet.env \
         --hotkey wallets/*/hotkeys/*",
    );
    // the backup is left to cron, each minute
    let crontab = include_str!("../../../crontab.example").replace("\n30 0 * * *", "\n* * * * *");
    debian.write("/src/crontab", &crontab);
    debian.run_well("crontab -u horde /src/crontab");
    for timer in fast_timers() {
        let service = timer.replace(".timer", ".service");
        debian.write(&format!("/etc/systemd/system/{timer}.d/fast.conf"), FAST);
        debian.write(&format!("/etc/systemd/system/{service}.d/fast.conf"), OFTEN);
    }
    debian.boot();
    let timers: Vec<String> = fast_timers()
        .iter()
        .map(|timer| super::arguments(&timer.replace(".timer", ".service")).join("-"))
        .collect();
    let deadline = Instant::now() + LIMIT;
    loop {
        let (counts, bad) = passes(&debian);
        let missing: Vec<&String> = timers
            .iter()
            .filter(|pass| counts.get(*pass).is_none_or(|count| *count < ROUNDS))
            .collect();
        let by_cron = counts.get("backup-db").copied().unwrap_or(0);
        if missing.is_empty() && weights_in_force(&debian) > 0 && by_cron > 0 {
            assert_eq!(bad, None);
            break;
        }
        if Instant::now() > deadline {
            let journal =
                debian.run_well("journalctl --no-pager -n 120 -u 'horde-*'; systemctl --failed");
            panic!("{missing:?} did not run twice: {counts:?}, {bad:?}\n{journal}");
        }
        sleep(Duration::from_millis(500)).await;
    }
    let failed = debian.run_well("systemctl list-units --failed --plain --no-legend 'horde*'");
    assert_eq!(failed, "");
    let status =
        debian.run_well("runuser -u horde -- horde --env-file /etc/horde/horde.env status");
    assert!(status.contains("relay      connected"), "{status}");

    // one word quiets everything, one starts it again
    debian.run_well("systemctl stop horde.target");
    let active = "systemctl list-units --state=active,activating --plain --no-legend 'horde*'";
    assert_eq!(debian.run_well(active), "");
    debian.run_well("systemctl start horde.target");
    let again = debian.run_well(active);
    for timer in units(".timer") {
        assert!(again.contains(&timer), "{timer}: {again}");
    }
    assert!(again.contains("horde-relay-organic.service"), "{again}");
}
