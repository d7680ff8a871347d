//! A validator's life on a local subnet, under a real systemd: installed, with all timers firing and
//! all passes succeeding until weights are in force; backed up by cron; upgraded by `git push`; moved
//! to another machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use horde_validator::devnet::node::CommitScheme;
use horde_validator::devnet::{Plan, Subnet, cast};
use rusqlite::{Connection, OpenFlags};
use tokio::time::{Instant, sleep};

use super::{timers_of_passes, units};
use crate::debian::{Debian, said};
use crate::host::poll;
use crate::program::free_port;

const BLOCK_TIME: Duration = Duration::from_millis(250);
const TEMPO: u16 = 49;
const TIME_SCALE: f64 = 0.03;
/// In place of the periods of the timers.
const FAST: &str = "[Timer]\nOnCalendar=\nOnCalendar=*:*:0/1\n";
const BACKUP_TIMER: &str = "horde-backup-db.timer";
/// In place of its day: once a second would be nothing but backups.
const FAST_BACKUP: &str = "[Timer]\nOnCalendar=\nOnCalendar=*:*:0/15\n";
/// No unit is started so often otherwise.
const OFTEN: &str = "[Unit]\nStartLimitIntervalSec=0\n";
const ROUNDS: i64 = 2;
const LIMIT: Duration = Duration::from_secs(300);

fn subnet(folder: &Path) -> Subnet {
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
    let mut timers = timers_of_passes();
    timers.retain(|timer| timer != BACKUP_TIMER);
    timers
}

fn count(debian: &Debian, what: &str) -> i64 {
    let path = debian.path("/var/lib/horde/horde.db");
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let sql = format!("SELECT count(*) FROM {what}");
    db.expect("it opens")
        .query_row(&sql, [], |row| row.get(0))
        .expect("a number")
}

/// Asks `horde` as the user of the units.
fn horde(debian: &Debian, arguments: &str) -> String {
    debian.run_well(&format!(
        "cd /var/lib/horde && runuser -u horde -- horde --env-file /etc/horde/horde.env {arguments}"
    ))
}

/// Installs it with the wallet and these settings, and speeds up its timers.
fn install(debian: &Debian, folder: &Path, settings: &str) {
    debian.write("/src/devnet.env", settings);
    debian.take(&folder.join("wallets"), "/src/");
    debian.run_well(
        "getent passwd horde || useradd --system --user-group --no-create-home horde; \
         mkdir -p /var/lib/horde; chown -R horde: /var/lib/horde; \
         cd /src && ./install.sh local --binary horde --env-file devnet.env \
         --hotkey wallets/*/hotkeys/*",
    );
    for timer in fast_timers() {
        let service = timer.replace(".timer", ".service");
        debian.write(&format!("/etc/systemd/system/{timer}.d/fast.conf"), FAST);
        debian.write(&format!("/etc/systemd/system/{service}.d/fast.conf"), OFTEN);
    }
}

/// Waits until it is so, and shows the log if it never is.
async fn until(debian: &Debian, what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !is_so() {
        if Instant::now() > deadline {
            let log = "journalctl --no-pager -n 120 -u 'horde-*'; systemctl --failed";
            panic!(
                "{what} did not come: {:?}\n{}",
                passes(debian),
                debian.run_well(log)
            );
        }
        sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_lives_under_a_real_systemd() {
    let Some(mut debian) = Debian::new() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let subnet = subnet(folder.path());
    // with the parameters of the subnet
    debian.take(&folder.path().join("horde.db"), "/var/lib/horde/");
    install(&debian, folder.path(), &settings(&subnet));
    let fast_backup = format!("/etc/systemd/system/{BACKUP_TIMER}.d/fast.conf");
    debian.write(&fast_backup, FAST_BACKUP);
    // cron backs up as well, each minute
    let crontab = include_str!("../../../crontab.example").replace("\n30 0 * * *", "\n* * * * *");
    debian.write("/src/crontab", &crontab);
    debian.run_well("crontab -u horde /src/crontab");
    debian.boot();
    let timers: Vec<String> = fast_timers()
        .iter()
        .map(|timer| super::arguments(&timer.replace(".timer", ".service")).join("-"))
        .collect();
    until(
        &debian,
        "two rounds of all passes, weights, a backup",
        || {
            let (counts, _) = passes(&debian);
            let rounds = |pass: &str| counts.get(pass).copied().unwrap_or(0);
            timers.iter().all(|pass| rounds(pass) >= ROUNDS)
                && count(&debian, "weights WHERE state = 'final'") > 0
                && rounds("backup-db") >= ROUNDS
        },
    )
    .await;
    assert_eq!(passes(&debian).1, None);
    let failed = "systemctl list-units --failed --plain --no-legend 'horde*'";
    assert_eq!(debian.run_well(failed), "");
    let status = horde(&debian, "status");
    assert!(status.contains("relay      connected"), "{status}");
    let triggered = format!("systemctl show --property LastTriggerUSec --value {BACKUP_TIMER}");
    assert_ne!(
        debian.run_well(&triggered).trim(),
        "",
        "cron alone backed up"
    );
    // from here on cron alone does
    debian.run_well(&format!(
        "rm {fast_backup} && systemctl daemon-reload && systemctl restart {BACKUP_TIMER}"
    ));
    // sealed off as it is, the unit finds where backups go
    debian.run_well("systemctl start horde-backup-db.service");

    its_metrics_can_be_had(&debian);
    one_word_quiets_everything_and_one_starts_it(&debian);
    who_fails_is_told_of(&debian);
    is_upgraded_by_a_push(&debian).await;
    assert_eq!(debian.run_well(failed), "");
    moves(&debian, folder.path(), &settings(&subnet)).await;
}

/// As a file, and over the network; neither leaves a trace in the journal.
fn its_metrics_can_be_had(debian: &Debian) {
    let weights = "horde_weights_total{state=\"final\"";
    let patience = Duration::from_secs(60);
    poll("a file with metrics", patience, || {
        let file = debian.run("runuser -u nobody -- cat /run/horde-metrics/horde.prom");
        said(&file).contains(weights).then_some(())
    });
    let port = free_port();
    debian.write(
        "/etc/systemd/system/horde-metrics.socket.d/port.conf",
        &format!("[Socket]\nListenStream=\nListenStream=127.0.0.1:{port}\n"),
    );
    debian.run_well("systemctl daemon-reload; systemctl start horde-metrics.socket");
    for _ in 0..2 {
        let answer = debian.run_well(&format!(
            "exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'GET /metrics HTTP/1.1\\r\\n\\r\\n' >&3; cat <&3"
        ));
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains(weights), "{answer}");
    }
    let log = "journalctl --quiet --no-pager -u horde-metrics.service -u 'horde-metrics@*'";
    assert_eq!(debian.run_well(log), "");
}

fn one_word_quiets_everything_and_one_starts_it(debian: &Debian) {
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

fn who_fails_is_told_of(debian: &Debian) {
    let file = "/etc/horde/horde.env";
    debian.run_well(&format!(
        "systemctl stop horde.target; cp -a {file} {file}.whole; sed -i /^BITTENSOR_NETWORK=/d {file}"
    ));
    let run = debian.run("systemctl start horde-set-weights.service");
    assert!(!run.status.success());
    poll("a notification", Duration::from_secs(20), || {
        let log = debian.run_well("journalctl --no-pager -u horde-notify@set-weights.service");
        log.contains("EMAIL_HOST is not set").then_some(())
    });
    debian.run_well(&format!(
        "mv {file}.whole {file}; systemctl reset-failed; systemctl start horde.target"
    ));
}

/// Passes go on meanwhile, and the relay goes over to the new program.
async fn is_upgraded_by_a_push(debian: &Debian) {
    let said = debian.run_well(
        r#"cd /src && mv horde /root/built && rm -r wallets devnet.env && echo 2 >version &&
           HORDE_BUILD='cat /root/built version >"$HORDE_BINARY" && chmod 755 "$HORDE_BINARY"' \
               ./install.sh git-deploy &&
           git init -q -b master && git config user.name test && git config user.email test@example.org &&
           git add . && git commit -qm first && git push /root/repos/validator.git master"#,
    );
    assert!(said.contains("deployed: "), "{said}");
    assert!(
        said.contains("the relay goes on with the new program"),
        "{said}"
    );
    debian.run_well("cmp /root/built /usr/local/bin/horde.previous");
    let is_new =
        "test /proc/$(systemctl show -P MainPID horde-relay-organic)/exe -ef /usr/local/bin/horde";
    until(debian, "a relay of the new program", || {
        debian.run(is_new).status.success()
    })
    .await;
}

/// As docs/moving.md says.
async fn moves(old: &Debian, folder: &Path, settings: &str) {
    let mut new = Debian::new().expect("there was one before");
    install(&new, folder, &format!("{settings}MIGRATING=1\n"));
    assert!(horde(&new, "status").contains("serving    NO"));

    horde(old, "serving off");
    old.run_well("systemctl stop horde.target");
    let made = horde(old, "--quiet backup-db --local-only");
    let name = made.split(' ').next().expect("a name");
    for file in [name.to_owned(), format!("{name}.sha256")] {
        new.take(
            &old.path("/var/lib/horde/backups").join(file),
            "/var/lib/horde/backups/",
        );
    }
    new.run_well("chown -R horde: /var/lib/horde");
    horde(&new, "restore-db");
    horde(&new, "serving on");
    new.run_well("sed -i '/^MIGRATING=/d' /etc/horde/horde.env");
    let batches = "batches WHERE state = 'done'";
    let (before, of_old) = (count(&new, batches), count(old, batches));
    new.boot();
    until(&new, "a batch on the new machine", || {
        count(&new, batches) > before
    })
    .await;
    assert_eq!(count(old, batches), of_old);
    let status = horde(&new, "status");
    assert!(status.contains("serving    yes"), "{status}");
    assert!(!status.contains("not from here"), "{status}");
}
