//! What a machine knows: every row of its database, once it was opened by the library and found
//! sound, and every backup.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use horde_validator::store::{Store, StoreError};
use rusqlite::Connection;

/// Rows as text, each with its table; names of backups.
pub(super) type Facts = BTreeSet<String>;

/// Opens the database, which brings it up to date.
pub(super) fn facts(root: &Path, database: &Path) -> Result<Facts, String> {
    let database = root.join(database);
    drop(open(&database).map_err(|error| format!("it does not open: {error:?}"))?);
    let mut facts = rows(&database).map_err(|error| format!("it cannot be read: {error}"))?;
    for name in backups(root) {
        facts.insert(format!("a backup: {name}"));
    }
    Ok(facts)
}

/// Other tests of this process start programs, which hold our lock for the moment between fork and
/// exec.
fn open(database: &Path) -> Result<Store, StoreError> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match Store::open(database) {
            Err(StoreError::Restoring) if Instant::now() < deadline => (),
            opened => return opened,
        }
    }
}

fn rows(database: &Path) -> Result<Facts, rusqlite::Error> {
    let db = Connection::open(database)?;
    let finding: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    assert_eq!(finding, "ok", "{database:?}");
    let mut facts = Facts::new();
    let mut tables = db.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
             AND name != 'refinery_schema_history'",
    )?;
    let tables = tables.query_map([], |row| row.get::<_, String>(0))?;
    for table in tables {
        let table = table?;
        let mut query = db.prepare(&format!("SELECT * FROM {table}"))?;
        let columns = query.column_count();
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let values = (0..columns).map(|column| row.get_ref(column));
            let values: Vec<_> = values.collect::<Result<_, _>>()?;
            facts.insert(format!("{table}: {values:?}"));
        }
    }
    Ok(facts)
}

/// Those that have their final name.
pub(super) fn backups(root: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(root.join("backups")) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.expect("read").file_name().into_string());
    let names = names.map(|name| name.expect("text"));
    names
        .filter(|name| name.starts_with("db_dump_") && name.ends_with(".zst"))
        .collect()
}
