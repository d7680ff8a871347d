//! The units as systemd sees them, and all of them at work: a machine that is installed by
//! `install.sh local`, boots a real systemd and validates on a local subnet.

mod boot;

use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::assert::OutputAssertExt;
use horde_validator::keys::keyfile;
use horde_validator::status::PERIODS;

use crate::host::Host;

const SYSTEMD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/systemd");
/// As systemd counts exposure, ten times: 2.0 is good.
const MOST_EXPOSED: &str = "20";

/// The files of one kind in `systemd/`, by name.
fn units(kind: &str) -> Vec<String> {
    let entries = std::fs::read_dir(SYSTEMD).expect("units");
    let names = entries.map(|entry| entry.expect("read").file_name().into_string());
    let mut units: Vec<String> = names.map(|name| name.expect("text")).collect();
    units.retain(|name| name.ends_with(kind));
    units.sort();
    assert!(!units.is_empty());
    units
}

/// All but the one that tells what keeps failing, and the one that writes metrics.
fn timers_of_passes() -> Vec<String> {
    let mut timers = units(".timer");
    timers.retain(|timer| timer != "horde-notify.timer" && timer != "horde-metrics.timer");
    timers
}

fn read(unit: &str) -> String {
    std::fs::read_to_string(Path::new(SYSTEMD).join(unit)).expect("a unit")
}

/// The value of the only line with this name.
fn value(unit: &str, name: &str) -> String {
    let text = read(unit);
    let mut values = text.lines().filter_map(|line| line.strip_prefix(name));
    let value = values
        .next()
        .unwrap_or_else(|| panic!("{unit} has no {name}"));
    assert_eq!(values.next(), None, "{unit}: {name} twice");
    value.to_owned()
}

/// What a unit runs, without the program and its settings.
fn arguments(service: &str) -> Vec<String> {
    let line = value(service, "ExecStart=");
    let arguments = line.strip_prefix("/usr/local/bin/horde --env-file /etc/horde/horde.env ");
    let arguments = arguments.unwrap_or_else(|| panic!("{service}: {line}"));
    arguments.split(' ').map(str::to_owned).collect()
}

/// `None`, and says so, where systemd's own tools are missing or too old to look at units that are
/// not installed.
fn systemd_analyze() -> Option<Command> {
    let output = Command::new("systemd-analyze").arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = text.ok().and_then(|text| {
        let number = text.split_whitespace().nth(1)?;
        number.parse::<u32>().ok()
    });
    if version.is_none_or(|version| version < 250) {
        eprintln!("passed over: systemd-analyze 250 or newer is missing");
        return None;
    }
    Some(Command::new("systemd-analyze"))
}

/// A folder with the units as they are installed, and the program where they expect it.
fn installed() -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().expect("a folder");
    let (units, programs) = (
        root.path().join("etc/systemd/system"),
        root.path().join("usr/local/bin"),
    );
    for folder in [&units, &programs] {
        std::fs::create_dir_all(folder).expect("a folder");
    }
    let copied = Command::new("cp")
        .arg("-r")
        .arg(format!("{SYSTEMD}/."))
        .arg(&units)
        .status();
    assert!(copied.expect("cp is everywhere").success());
    let program = programs.join("horde");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_horde"), program).expect("a link");
    (root, units)
}

#[test]
fn systemd_understands_each_unit() {
    let Some(mut analyze) = systemd_analyze() else {
        return;
    };
    let (_root, folder) = installed();
    // the program is not where it will be
    for unit in units(".service") {
        let text = read(&unit).replace("/usr/local/bin/horde", env!("CARGO_BIN_EXE_horde"));
        std::fs::write(folder.join(&unit), text).expect("written");
    }
    let names = [".service", ".timer", ".target", ".socket"]
        .into_iter()
        .flat_map(units);
    let names = names.map(|unit| {
        let instance = folder.join(unit.replace("@.", "@set-weights."));
        if unit.contains('@') {
            std::fs::copy(folder.join(unit), &instance).expect("an instance");
        }
        instance
    });
    let names: Vec<PathBuf> = names.collect();
    let run = analyze.arg("verify").args(names).assert().success();
    let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    let about_us: Vec<&str> = said.lines().filter(|line| line.contains("horde")).collect();
    assert!(about_us.is_empty(), "{about_us:#?}");
}

#[test]
fn each_service_is_sealed_off() {
    let (root, _) = installed();
    for unit in units(".service") {
        let Some(mut analyze) = systemd_analyze() else {
            return;
        };
        analyze
            .arg(format!("--root={}", root.path().display()))
            .args(["--offline=true", "--threshold", MOST_EXPOSED, "security"])
            .arg(unit.replace("@.", "@set-weights."))
            .assert()
            .success();
    }
}

#[test]
fn each_unit_runs_a_command_that_there_is_and_has_its_limits() {
    let host = Host::new();
    for unit in units(".service") {
        let mut command = arguments(&unit);
        command.retain(|word| word != "%i");
        command.push("--help".to_owned());
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        host.horde(&command).success();
        assert!(!value(&unit, "MemoryMax=").is_empty());
        assert!(!value(&unit, "TimeoutStopSec=").is_empty());
        if value(&unit, "Type=") == "oneshot" {
            assert!(!value(&unit, "TimeoutStartSec=").is_empty());
        }
        if is_told_of(&unit) {
            let name = unit
                .trim_start_matches("horde-")
                .trim_end_matches(".service");
            let told = value(&unit, "OnFailure=");
            assert_eq!(told, format!("horde-notify@{name}.service"));
        } else {
            assert!(!read(&unit).contains("OnFailure="), "{unit}");
        }
    }
}

/// By a mail when it fails. What tells cannot tell of itself; metrics come every 15 seconds, and who
/// reads them misses them.
fn is_told_of(service: &str) -> bool {
    !service.starts_with("horde-notify") && !service.starts_with("horde-metrics")
}

#[test]
fn each_unit_that_signs_has_room_to_open_an_encrypted_hotkey() {
    /// Of the whole program besides; measured are 5 MiB.
    const ROOM_MIB: u32 = 128;
    let signs_nothing = [
        "horde-backup-db.service",
        "horde-evict.service",
        "horde-fetch-receipts.service",
        "horde-metrics.service",
        "horde-metrics@.service",
        "horde-notify.service",
        "horde-notify@.service",
        "horde-prompts-sample.service",
        "horde-sync-params.service",
    ];
    for unit in units(".service") {
        let most = value(&unit, "MemoryMax=");
        let most = most.strip_suffix('M').and_then(|most| most.parse().ok());
        let most: u32 = most.unwrap_or_else(|| panic!("{unit}: MemoryMax in MiB"));
        let is_enough = most >= keyfile::MOST_MEMORY_MIB + ROOM_MIB;
        assert!(
            is_enough || signs_nothing.contains(&unit.as_str()),
            "{unit}: {most} MiB"
        );
    }
}

#[test]
fn each_timer_starts_its_service_as_often_as_status_expects() {
    for timer in timers_of_passes() {
        let service = timer.replace(".timer", ".service");
        let pass = arguments(&service).join("-");
        let expected = PERIODS.iter().find(|(name, _)| *name == pass);
        let Some(mut analyze) = systemd_analyze() else {
            return;
        };
        let run = analyze
            .args(["calendar", "--iterations=3"])
            .arg(value(&timer, "OnCalendar="))
            .env("TZ", "UTC")
            .assert()
            .success();
        let said = String::from_utf8_lossy(&run.get_output().stdout).into_owned();
        let times: Vec<_> = said.lines().filter_map(time_in).collect();
        let gaps: Vec<i64> = times
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).num_seconds())
            .collect();
        let (_, period) = expected.unwrap_or_else(|| panic!("status knows no period of {pass}"));
        assert_eq!(gaps, [*period, *period], "{timer}: {said}");
    }
    for (pass, _) in PERIODS {
        let timer = format!("horde-{pass}.timer");
        assert!(timers_of_passes().contains(&timer), "{timer}");
    }
}

/// Of a line such as `Next elapse: Thu 2026-11-26 00:30:00 UTC`.
fn time_in(line: &str) -> Option<chrono::NaiveDateTime> {
    let (what, rest) = line.trim().split_once(": ")?;
    if !matches!(what.split(' ').next(), Some("Next" | "Iter." | "Iteration")) {
        return None;
    }
    let words: Vec<&str> = rest.split(' ').collect();
    let text = format!("{} {}", words.get(1)?, words.get(2)?);
    chrono::NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S").ok()
}

#[test]
fn each_line_for_cron_runs_a_command_that_there_is() {
    let text = include_str!("../../crontab.example");
    let host = Host::new();
    let mut commands = 0;
    for line in text.lines() {
        let line = line.trim_start_matches('#');
        let starts_with_time = line.starts_with(|c: char| c == '*' || c.is_ascii_digit());
        let Some((_, command)) = line.split_once("horde.env --quiet ") else {
            assert!(!starts_with_time, "{line}");
            continue;
        };
        assert!(starts_with_time, "{line}");
        let mut words: Vec<&str> = command.split(' ').collect();
        words.push("--help");
        host.horde(&words).success();
        commands += 1;
    }
    assert_eq!(
        commands,
        units(".timer").len() + 2,
        "the relay, and the batch twice"
    );
}
