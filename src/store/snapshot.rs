//! A copy of the database as it is at one moment, taken while others write to it, and whether a
//! copy is whole and one of ours.

use std::fs::File;
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::open::{has_history, known_migrations, newest_migration};
use super::{Store, StoreError};
use crate::failpoint;

/// Pages that are copied in one step.
const PAGES: i32 = 256;
/// Steps after which the copy is synced. What is written in one piece at the end would hold up the
/// syncs of passes that write meanwhile.
const STEPS_UNTIL_SYNC: u32 = 8;

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    pub bytes: u64,
    pub of: u64,
}

impl Store {
    /// Copies the database into a new, empty file, as it is now; what others write meanwhile is
    /// not in it. The copy is on disk when this returns. `goes_on` is told how far it is, and may
    /// end it. Opens the database without bringing it up to date: it is copied as it is.
    pub fn snapshot<E: From<StoreError>>(
        database: &Path,
        into: &Path,
        mut goes_on: impl FnMut(Copied) -> Result<(), E>,
    ) -> Result<(), E> {
        let store = Self::connect(database)?;
        // a transaction that reads holds the moment still
        let moment = store.db.unchecked_transaction().map_err(StoreError::from)?;
        let page: u32 = moment
            .query_row("PRAGMA page_size", [], |row| row.get(0))
            .map_err(StoreError::from)?;
        moment
            .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
            .map_err(StoreError::from)?;
        let mut copy = destination(into)?;
        let file = File::open(into).map_err(|cause| file_error(into, cause))?;
        let backup = Backup::new(&moment, &mut copy).map_err(StoreError::from)?;
        for step in 1_u32.. {
            let result = backup.step(PAGES).map_err(StoreError::from)?;
            let progress = backup.progress();
            let pages = |count: i32| u64::try_from(count).unwrap_or(0) * u64::from(page);
            goes_on(Copied {
                bytes: pages(progress.pagecount - progress.remaining),
                of: pages(progress.pagecount),
            })?;
            match result {
                StepResult::Done => break,
                StepResult::More => (),
                _ => return Err(StoreError::Busy.into()),
            }
            if step.is_multiple_of(STEPS_UNTIL_SYNC) {
                file.sync_data().map_err(|cause| file_error(into, cause))?;
            }
        }
        drop(backup);
        failpoint::hit("after snapshot");
        copy.close().map_err(|(_, error)| StoreError::from(error))?;
        file.sync_all().map_err(|cause| file_error(into, cause))?;
        Ok(())
    }

    /// Brings the journal beside a copy, as far as it is whole, into the copy.
    ///
    /// # Errors
    /// The copy is no database.
    pub fn take_journal(path: &Path) -> Result<(), StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags)?;
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(|error| foreign_or(path, error.into()))?;
        Ok(db.close().map_err(|(_, error)| error)?)
    }

    /// Checks a closed copy that nobody writes to: whole, of this program, of a version that it
    /// knows. Gives back the version.
    ///
    /// # Errors
    /// Damaged, foreign or newer.
    pub fn check_copy(path: &Path) -> Result<i32, StoreError> {
        let db = open_closed(path)?;
        let version = known_version(path, &db).map_err(|error| foreign_or(path, error))?;
        let finding: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if finding != "ok" {
            return Err(StoreError::Unsound(finding));
        }
        let orphan: Option<String> = first_orphan(&db)?;
        match orphan {
            Some(table) => Err(StoreError::Unsound(format!(
                "a row of `{table}` refers to a row that is not there"
            ))),
            None => Ok(version),
        }
    }
}

/// An empty database that is written without a journal: it is whole or thrown away.
fn destination(path: &Path) -> Result<Connection, StoreError> {
    crate::durable::create_new(path).map_err(|cause| file_error(path, cause))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.pragma_update(None, "journal_mode", "OFF")?;
    db.pragma_update(None, "synchronous", "OFF")?;
    Ok(db)
}

/// Opens a file that nobody writes to, so that nothing is made beside it.
fn open_closed(path: &Path) -> Result<Connection, StoreError> {
    let address = url::Url::from_file_path(
        std::path::absolute(path).map_err(|cause| file_error(path, cause))?,
    )
    .map_err(|()| file_error(path, std::io::ErrorKind::InvalidFilename.into()))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(
        format!("{address}?immutable=1"),
        flags,
    )?)
}

/// The version of a database whose migrations are all ours, as we know them.
fn known_version(path: &Path, db: &Connection) -> Result<i32, StoreError> {
    let foreign = |finding: String| StoreError::Foreign {
        path: path.to_owned(),
        finding,
    };
    if !has_history(db)? {
        return Err(foreign("it has no migrations".to_owned()));
    }
    let mut query =
        db.prepare("SELECT version, name, checksum FROM refinery_schema_history ORDER BY version")?;
    let mut rows = query.query([])?;
    let known = known_migrations();
    let mut newest = 0;
    while let Some(row) = rows.next()? {
        let (version, name, checksum): (i32, String, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        newest = version;
        if version > newest_migration() {
            return Err(StoreError::Newer {
                found: version,
                known: newest_migration(),
            });
        }
        let is_ours = known.iter().any(|one| {
            one.version() == version && one.name() == name && one.checksum().to_string() == checksum
        });
        if !is_ours {
            return Err(foreign(format!("its migration {version} is not ours")));
        }
    }
    match newest {
        0 => Err(foreign("it has no migrations".to_owned())),
        newest => Ok(newest),
    }
}

fn first_orphan(db: &Connection) -> Result<Option<String>, StoreError> {
    let mut query = db.prepare("PRAGMA foreign_key_check")?;
    let mut rows = query.query([])?;
    Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
}

/// A file that SQLite does not even know as a database is somebody else's.
fn foreign_or(path: &Path, error: StoreError) -> StoreError {
    match &error {
        StoreError::Damaged(cause)
            if cause.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) =>
        {
            StoreError::Foreign {
                path: path.to_owned(),
                finding: "it is no SQLite database".to_owned(),
            }
        }
        _ => error,
    }
}

fn file_error(path: &Path, cause: std::io::Error) -> StoreError {
    StoreError::File {
        path: path.to_owned(),
        cause,
    }
}
