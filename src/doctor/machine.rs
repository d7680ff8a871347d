//! This machine: wallet, database, room on its disks, and whether timers have started the passes.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use indicatif::HumanBytes;
use rustix::fs::Access;

use super::finding::Finding;
use crate::keys::Keypair;
use crate::pass::{Failure, load_hotkey};
use crate::settings::Environment;
use crate::status::{PERIODS, Status};
use crate::store::Store;

/// Less than this is too little for a backup of a database that has grown for a year.
const ROOM_WARN: u64 = 5 << 30;
/// Less than this is soon full.
const ROOM_FAIL: u64 = 500 << 20;
/// The timers of a validator that was just installed have not all fired yet.
const NEW: TimeDelta = TimeDelta::hours(25);

pub(super) fn wallet(environment: &Environment) -> (Option<Keypair>, Finding) {
    const WHAT: &str = "wallet";
    let loaded = environment
        .wallet()
        .map_err(Failure::from)
        .and_then(|place| Ok(load_hotkey(&place)?));
    match loaded {
        Ok(hotkey) => {
            let finding = Finding::ok(WHAT, format!("hotkey {}", hotkey.hotkey()));
            (Some(hotkey), finding)
        }
        Err(failure) => (None, Finding::failed(WHAT, failure)),
    }
}

pub(super) fn database(environment: &Environment) -> (Option<Store>, Finding) {
    const WHAT: &str = "database";
    let path = environment.database();
    let opened = Store::open(&path).and_then(|store| Ok((store.version()?, store)));
    match opened {
        Ok((version, store)) => {
            let bytes = std::fs::metadata(&path).map_or(0, |file| file.len());
            let finding = format!(
                "{}, version {version}, {}",
                path.display(),
                HumanBytes(bytes)
            );
            (Some(store), Finding::ok(WHAT, finding))
        }
        Err(error) => (None, Finding::failed(WHAT, error)),
    }
}

/// The room on the disk of a file, which need not be there; nor need its folder.
pub(super) fn disk(what: &'static str, file: &Path) -> Finding {
    let mut folders = file.ancestors().skip(1);
    let folder = folders
        .find(|folder| folder.exists())
        .unwrap_or(Path::new("."));
    let name = folder.display();
    if !folder.is_dir() {
        let finding = format!("`{name}` is no folder");
        return Finding::fail(
            what,
            finding,
            "`horde config` shows where each path comes from",
        );
    }
    if let Err(error) = rustix::fs::access(folder, Access::WRITE_OK) {
        let finding = format!("`{name}` cannot be written to: {error}");
        return Finding::fail(what, finding, "check its owner and mode");
    }
    let free = match rustix::fs::statvfs(folder) {
        Ok(found) => found.f_bavail.saturating_mul(found.f_frsize),
        Err(error) => {
            let finding = format!("`{name}` cannot be looked at: {error}");
            return Finding::fail(what, finding, "check its owner and mode");
        }
    };
    let finding = format!("{} free at {name}", HumanBytes(free));
    match free {
        0..ROOM_FAIL => Finding::fail(what, finding, "free some room"),
        ROOM_FAIL..ROOM_WARN => Finding::warn(what, finding, "free some room before it runs out"),
        _ => Finding::ok(what, finding),
    }
}

/// What `horde status` knows: old or failed passes, weights, backups, parameters. Also passes that
/// never ran.
pub(super) fn passes(
    environment: &Environment,
    store: &Store,
    is_serving: bool,
    now: DateTime<Utc>,
) -> Vec<Finding> {
    const WHAT: &str = "passes";
    let read = Status::read(store, environment, is_serving, now);
    let (status, made_at) = match read.and_then(|status| Ok((status, store.made_at()?))) {
        Ok(read) => read,
        Err(error) => return vec![Finding::failed(WHAT, error)],
    };
    let mut findings: Vec<Finding> = status
        .problems
        .iter()
        // that has a line of its own
        .filter(|problem| !problem.what.starts_with("not serving"))
        .map(|problem| Finding {
            // who reads this has asked the doctor already
            to_do: (!problem.to_do.contains("`horde doctor`")).then(|| problem.to_do.to_owned()),
            ..Finding::fail(WHAT, problem.what.clone(), problem.to_do)
        })
        .collect();
    let ran = |name: &str| status.passes.iter().any(|pass| pass.name == name);
    let never: Vec<&str> = PERIODS
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !ran(name))
        .collect();
    let is_new = made_at.is_none_or(|at| now - at < NEW);
    let to_do = "`systemctl list-timers 'horde*'` shows when each starts; `systemctl enable --now horde.target`";
    if never.len() == PERIODS.len() {
        findings.push(Finding::warn(WHAT, "none has ever run", to_do));
    } else if !never.is_empty() && !is_new {
        let finding = format!("never ran: {}", never.join(", "));
        findings.push(Finding::fail(WHAT, finding, to_do));
    } else if findings.is_empty() {
        let count = status.passes.len();
        findings.push(Finding::ok(
            WHAT,
            format!("{count} kinds ran, none is late or failed"),
        ));
    }
    findings
}
