//! Opening, creating and migrating the database file, and the one way to write to it.
//! Settings belong to a connection, so they are set where a connection is born: here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::in_use::{self, InUse};
use super::replace;
use crate::{durable, failpoint};

mod embedded {
    refinery::embed_migrations!("sql");
}

/// How long a writer waits for another one. Transactions are short, so this is long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("there is no database at `{}`", .0.display())]
    Missing(PathBuf),
    #[error("the database is being replaced by a restored one")]
    Restoring,
    #[error("`{}` is not a database of this program: {finding}", path.display())]
    Foreign { path: PathBuf, finding: String },
    #[error("the database was locked by another process for {} s", BUSY_TIMEOUT.as_secs())]
    Busy,
    #[error("no room left on the disk of the database")]
    Full,
    #[error("the database is damaged")]
    Damaged(#[source] rusqlite::Error),
    #[error("the database is damaged: {0}")]
    Unsound(String),
    #[error("the database has version {found}, this program knows versions up to {known}")]
    Newer { found: i32, known: i32 },
    #[error("the database could not be brought up to date")]
    Migration(#[source] Box<refinery::Error>),
    #[error("table `{table}`, row {id}: {finding}")]
    Row {
        table: &'static str,
        id: i64,
        finding: String,
    },
    #[error("`{}` cannot be used as a database", path.display())]
    File {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
    #[error("the database refused a statement")]
    Sqlite(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        // the first thing that a pass writes is the index of the journal, and for want of room
        // for it SQLite has a code of its own
        if error.sqlite_error().map(|error| error.extended_code) == Some(SQLITE_IOERR_SHMSIZE) {
            return Self::Full;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error),
            _ => Self::Sqlite(error),
        }
    }
}

/// One connection to the database file of this validator.
#[derive(Debug)]
pub struct Store {
    pub(super) db: Connection,
    path: PathBuf,
    _in_use: InUse,
}

impl Store {
    /// Opens the file and brings it up to date; makes it, with mode 0600, if it does not exist.
    pub fn open_or_create(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            create_empty(path)?;
        }
        Self::open(path)
    }

    /// Opens an existing file and brings it up to date.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut store = Self::connect(path)?;
        store.refuse_newer()?;
        store.configure()?;
        store.migrate()?;
        Ok(store)
    }

    pub(super) fn connect(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() && !replace::is_pending(path) {
            return Err(StoreError::Missing(path.to_owned()));
        }
        let in_use = InUse::shared(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).map_err(|error| StoreError::File {
            path: path.to_owned(),
            cause: std::io::Error::other(error),
        })?;
        db.busy_timeout(BUSY_TIMEOUT)?;
        Ok(Self {
            db,
            path: path.to_owned(),
            _in_use: in_use,
        })
    }

    /// A database of a newer program is refused before anything of it is changed.
    fn refuse_newer(&self) -> Result<(), StoreError> {
        let (found, known) = (self.version()?, newest_migration());
        match found > known {
            true => Err(StoreError::Newer { found, known }),
            false => Ok(()),
        }
    }

    fn configure(&self) -> Result<(), StoreError> {
        // the journal mode stays with the file, the others go with the connection
        self.db.pragma_update(None, "journal_mode", "WAL")?;
        self.db.pragma_update(None, "synchronous", "FULL")?;
        self.db.pragma_update(None, "foreign_keys", true)?;
        self.db.pragma_update(None, "trusted_schema", false)?;
        // what a row is restored from if its trigger fails: a file would cost more than the row
        self.db.pragma_update(None, "temp_store", "MEMORY")?;
        Ok(())
    }

    /// Applies the migrations that are missing.
    fn migrate(&mut self) -> Result<(), StoreError> {
        if self.version()? < newest_migration() {
            // two passes may start at once on a new database: the second waits here, then finds
            // nothing left to do
            let _exclusive = self.migration_lock()?;
            embedded::migrations::runner()
                // a migration and the note that it was made belong into one transaction: killed
                // between the two, it would be made again, and fail forever
                .set_grouped(true)
                .run(&mut self.db)
                .map_err(|error| StoreError::Migration(Box::new(error)))?;
        }
        Ok(())
    }

    fn migration_lock(&self) -> Result<std::fs::File, StoreError> {
        let path = self.path.with_extension("migrate.lock");
        let failed = |cause| StoreError::File {
            path: path.clone(),
            cause,
        };
        let file = in_use::open_lock_file(&path, &self.path).map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(file)
    }

    /// The number of the newest migration applied; 0 for an empty file.
    pub fn version(&self) -> Result<i32, StoreError> {
        if !has_history(&self.db)? {
            return Ok(0);
        }
        let version: Option<i32> = self.db.query_row(
            "SELECT max(version) FROM refinery_schema_history",
            [],
            |row| row.get(0),
        )?;
        Ok(version.unwrap_or(0))
    }

    /// When the database was made: its first migration.
    pub fn made_at(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let text: Option<String> = self.db.query_row(
            "SELECT min(applied_on) FROM refinery_schema_history",
            [],
            |row| row.get(0),
        )?;
        let time = text.and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
        Ok(time.map(|time| time.to_utc()))
    }

    /// Brings everything from the journal into the file, so that the file alone is the database.
    pub fn close(self) -> Result<(), StoreError> {
        let busy: i64 = self
            .db
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        self.db.close().map_err(|(_, error)| error)?;
        match busy {
            0 => Ok(()),
            _ => Err(StoreError::Busy),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The only way to write: lock first, then read, then write, then commit.
    /// No network, no sleep and nothing slow belongs into `body`.
    pub(super) fn write<T>(
        &mut self,
        body: impl FnOnce(&Transaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = body(&transaction)?;
        failpoint::hit("before commit");
        transaction.commit()?;
        failpoint::hit("after commit");
        Ok(value)
    }
}

/// Whether migrations were ever applied.
pub(super) fn has_history(db: &Connection) -> Result<bool, StoreError> {
    Ok(db.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'refinery_schema_history')",
        [],
        |row| row.get(0),
    )?)
}

/// The migrations that this program carries.
pub(super) fn known_migrations() -> Vec<refinery::Migration> {
    embedded::migrations::runner().get_migrations().clone()
}

/// The number of the newest one.
pub(crate) fn newest_migration() -> i32 {
    let versions = known_migrations();
    let versions = versions.iter().map(refinery::Migration::version);
    versions.max().unwrap_or(0)
}

fn create_empty(path: &Path) -> Result<(), StoreError> {
    let failed = |cause| StoreError::File {
        path: path.to_owned(),
        cause,
    };
    let folder = durable::folder_of(path);
    durable::create_folder(folder, durable::BY_UMASK).map_err(failed)?;
    let made = durable::create_new(path);
    match made.and_then(|file| durable::give_to_owner_of(&file, folder)) {
        // another pass was faster: its file is as good
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        result => result.map_err(failed),
    }
}
