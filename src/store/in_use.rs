//! Who uses the database: everyone who has it open shares a lock, a restore wants it alone.
//! The lock files of this module and of the passes are made here.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{StoreError, replace};
use crate::durable;

/// Opens a lock file beside the database, makes it if need be, and lets the database's owner use
/// it even if root has made it.
pub(crate) fn open_lock_file(path: &Path, database: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)?;
    durable::give_to_owner_of(&file, database)?;
    Ok(file)
}

/// Held as long as the database is open, or as long as nobody else may open it.
#[derive(Debug)]
pub struct InUse {
    _file: File,
}

impl InUse {
    /// Together with others. A restore that was killed in the middle of its last step is finished
    /// first.
    pub(super) fn shared(database: &Path) -> Result<Self, StoreError> {
        let shared = Self::lock(database, File::try_lock_shared)?.ok_or(StoreError::Restoring)?;
        if !replace::is_pending(database) {
            return Ok(shared);
        }
        drop(shared);
        let alone = Self::alone(database)?.ok_or(StoreError::Restoring)?;
        replace::finish(database)?;
        drop(alone);
        Self::lock(database, File::try_lock_shared)?.ok_or(StoreError::Restoring)
    }

    /// Alone; `None`: somebody has the database open.
    pub fn alone(database: &Path) -> Result<Option<Self>, StoreError> {
        Self::lock(database, File::try_lock)
    }

    fn lock(
        database: &Path,
        how: impl FnOnce(&File) -> Result<(), TryLockError>,
    ) -> Result<Option<Self>, StoreError> {
        let path = database.with_extension("in-use.lock");
        let failed = |cause| StoreError::File {
            path: path.clone(),
            cause,
        };
        let file = open_lock_file(&path, database).map_err(failed)?;
        match how(&file) {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(cause)) => Err(failed(cause)),
        }
    }
}
