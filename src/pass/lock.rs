//! Locks between processes: one file per name beside the database, held by flock.
//! The kernel releases a lock when its holder dies, however it dies.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::store::open_lock_file;

/// What is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockName {
    /// One pass of this name at a time.
    Pass(&'static str),
    /// Everything that signs extrinsics with the hotkey, from nonce to inclusion.
    Hotkey,
    /// The trusted miner, which works for one pass at a time.
    TrustedMiner,
    /// A restore or its rehearsal: both unpack beside the database.
    Restore,
}

impl LockName {
    fn file_name(self) -> String {
        match self {
            Self::Pass(name) => format!("{name}.lock"),
            Self::Hotkey => "hotkey.lock".to_owned(),
            Self::TrustedMiner => "trusted-miner.lock".to_owned(),
            Self::Restore => "restore.lock".to_owned(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the lock file `{}` cannot be used", path.display())]
pub struct LockError {
    path: PathBuf,
    #[source]
    cause: io::Error,
}

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// `None`: somebody else holds it.
    pub fn try_take(database: &Path, name: LockName) -> Result<Option<Self>, LockError> {
        let path = database.with_extension(name.file_name());
        let failed = |cause| LockError {
            path: path.clone(),
            cause,
        };
        let file = open_lock_file(&path, database).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(cause)) => Err(failed(cause)),
        }
    }

    /// Waits for the lock, at most this long; `None` after that.
    pub async fn take(
        database: &Path,
        name: LockName,
        patience: Duration,
    ) -> Result<Option<Self>, LockError> {
        const POLL: Duration = Duration::from_millis(50);
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            if let Some(lock) = Self::try_take(database, name)? {
                return Ok(Some(lock));
            }
            if tokio::time::Instant::now() >= deadline {
                return Ok(None);
            }
            tokio::time::sleep(POLL).await;
        }
    }
}
