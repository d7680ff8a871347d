//! Backups of the real binary: made while others write, kept, found, damaged in every way, and
//! restored; sent to servers that are not ours.

mod damage;
mod local;
mod offsite;
mod reconcile;
mod restore;
mod writers;

use std::path::PathBuf;

use horde_validator::store::Store;

use crate::host::Host;

/// A machine with a database and no network.
pub(crate) fn machine() -> Host {
    let mut host = Host::new();
    host.set("BACKUP_DIRECTORY", host.path("backups").display());
    drop(Store::open_or_create(&host.database()).expect("a database"));
    host
}

/// The names of the files in the folder of backups that are not sums, oldest first.
pub(crate) fn backups(host: &Host) -> Vec<String> {
    let mut names = files(host);
    names.retain(|name| !name.ends_with(".sha256"));
    names
}

pub(crate) fn files(host: &Host) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(host.path("backups")) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.expect("read").file_name().into_string());
    let mut names: Vec<String> = names.map(|name| name.expect("text")).collect();
    names.sort();
    names
}

/// Makes a backup and gives back its name.
pub(crate) fn back_up(host: &Host) -> String {
    let made = host.json(&["backup-db", "--local-only"]);
    made["backup"]["name"].as_str().expect("a name").to_owned()
}

fn path_of(host: &Host, backup: &str) -> PathBuf {
    host.path("backups").join(backup)
}

/// Leaves a trace in the database, by which its moment is known.
pub(crate) fn write_trace(host: &Host, trace: &str) {
    let mut store = host.store();
    let pass = store
        .begin_pass("trace", trace, chrono::Utc::now())
        .expect("kept");
    let outcome = horde_validator::store::PassOutcome::Done;
    store
        .end_pass(pass, outcome, "", chrono::Utc::now())
        .expect("kept");
}

/// The traces that are in the database, oldest first.
pub(crate) fn traces(host: &Host) -> Vec<String> {
    // brings it up to date, and finishes a restore that was cut short
    drop(host.store());
    let db = rusqlite::Connection::open(host.database()).expect("it opens");
    let mut query = db
        .prepare("SELECT version FROM passes WHERE name = 'trace' ORDER BY id")
        .expect("a query");
    let traces = query.query_map([], |row| row.get(0)).expect("rows");
    traces.map(|trace| trace.expect("text")).collect()
}

/// Gives a backup another time, in the past or in the future.
pub(crate) fn make_old(host: &Host, name: &str, new_name: &str) {
    std::fs::rename(path_of(host, name), path_of(host, new_name)).expect("renamed");
    let sum = path_of(host, &format!("{name}.sha256"));
    let text = std::fs::read_to_string(&sum).expect("a sum");
    std::fs::remove_file(sum).expect("removed");
    let sum = path_of(host, &format!("{new_name}.sha256"));
    std::fs::write(sum, text.replace(name, new_name)).expect("a sum");
}
