//! The way from a backup to a database that could take the place of the present one. Verifying
//! ends here; restoring goes one step further.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use tracing::{info, warn};

use super::make::Watch;
use super::pass::blocking;
use super::source::{Found, find};
use super::unpack::{check_sum, identities, unpack};
use super::{BackupError, Place, Wanted};
use crate::durable;
use crate::pass::{Frame, Lock, LockName, load_hotkey};
use crate::settings::Environment;
use crate::store::{BackupRow, Replacement, Store, StoreError};

/// A backup that was unpacked and found whole.
#[derive(Clone, Debug)]
pub struct Verified {
    pub name: String,
    /// As far as its name tells.
    pub made_at: Option<DateTime<Utc>>,
    /// Of the database in it.
    pub bytes: u64,
    /// Of the database in it, before it was brought up to date.
    pub version: i32,
}

/// A database that waits beside the present one, checked and brought up to date.
pub(super) struct Ready {
    pub(super) replacement: Replacement,
    pub(super) verified: Verified,
    /// The backup, as far as it is one of the local folder.
    pub(super) local: Option<BackupRow>,
    _lock: Lock,
}

/// Does all that a restore does but the swap, and notes that the backup is good.
///
/// # Errors
/// Whatever would keep it from being restored.
pub async fn verify(
    frame: &Frame,
    wanted: &Wanted,
    place: Place,
    identity: Option<&Path>,
) -> Result<Verified, BackupError> {
    let lock = lock(&frame.environment.database())?;
    let ready = prepare(frame, wanted, place, identity, lock).await?;
    if let Some(row) = &ready.local {
        let database = &frame.environment.database();
        let noted = Store::open(database).and_then(|mut store| store.keep_backup(row));
        if let Err(error) = noted {
            // the backup is no worse for it
            warn!(%error, "that the backup is good could not be noted");
        }
    }
    Ok(ready.verified)
}

pub(super) async fn prepare(
    frame: &Frame,
    wanted: &Wanted,
    place: Place,
    identity: Option<&Path>,
    lock: Lock,
) -> Result<Ready, BackupError> {
    let database = frame.environment.database();
    let watch = Watch {
        progress: frame.progress.clone(),
        stop: frame.stop.clone(),
    };
    // read first: a wrong file should not cost a download
    identity.map(identities).transpose()?;
    let replacement = Replacement::begin(&database)?;
    let packed = replacement.scratch("packed");
    let found = find(&frame.environment, wanted, place, &packed, &watch).await?;
    info!(name = found.name, "found");
    let made = {
        let (into, identity) = (replacement.path(), identity.map(Path::to_owned));
        let found_in = (found.file.clone(), found.name.clone(), found.sha256.clone());
        blocking(move || unpack_and_check(&found_in, identity, &into, &watch)).await
    };
    let (version, bytes) = made?;
    compare(&frame.environment, &replacement.path())?;
    Ok(Ready {
        replacement,
        local: local_row(&frame.environment, &found),
        verified: Verified {
            name: found.name,
            made_at: found.made_at,
            bytes,
            version,
        },
        _lock: lock,
    })
}

fn local_row(environment: &Environment, found: &Found) -> Option<BackupRow> {
    if found.place != Some(Place::Local) {
        return None;
    }
    Some(BackupRow {
        name: found.name.clone(),
        folder: environment.backup_directory().display().to_string(),
        made_at: found.made_at?,
        bytes: std::fs::metadata(&found.file).ok()?.len(),
        sha256: found.sha256.clone()?,
        removed_at: None,
        verified_at: Some(Utc::now()),
    })
}

/// One restore or rehearsal at a time. Also makes the folder of the database.
pub(super) fn lock(database: &Path) -> Result<Lock, BackupError> {
    let folder = durable::folder_of(database);
    durable::create_folder(folder, durable::PRIVATE)
        .map_err(|cause| BackupError::file("make", folder, cause))?;
    Lock::try_take(database, LockName::Restore)?.ok_or(BackupError::Restoring)
}

/// Gives back version and size.
fn unpack_and_check(
    (file, name, sha256): &(PathBuf, String, Option<String>),
    identity: Option<PathBuf>,
    into: &Path,
    watch: &Watch,
) -> Result<(i32, u64), BackupError> {
    let bytes = std::fs::metadata(file).map_or(0, |file| file.len());
    if let Some(sha256) = sha256 {
        check_sum(file, name, sha256, &watch.meter("checking its sum", bytes))?;
    }
    let identities = identity.as_deref().map(identities).transpose()?;
    let writing = |cause| BackupError::file("write", into, cause);
    let mut database = durable::create_new(into).map_err(writing)?;
    let meter = watch.meter("unpacking", 0);
    let identities = identities.unwrap_or_default();
    unpack(file, name, &identities, &mut database, into, &meter)?;
    database.sync_all().map_err(writing)?;
    take_journal(file, into)?;
    let bytes = database.metadata().map_err(writing)?.len();
    let waiting = watch.progress.waiting("checking the database");
    let version = Store::check_copy(into)?;
    waiting.finish_and_clear();
    Ok((version, bytes))
}

/// A database that was not closed, such as one of a machine that died, has its newest rows in the
/// journal beside it.
fn take_journal(file: &Path, into: &Path) -> Result<(), BackupError> {
    let [journal, copy] = [file, into].map(|path| durable::beside(path, "-wal"));
    if !journal.exists() {
        return Ok(());
    }
    info!("the journal beside it is taken, too");
    std::fs::copy(&journal, &copy).map_err(|cause| BackupError::file("copy", &journal, cause))?;
    Ok(Store::take_journal(into)?)
}

/// Brings the database up to date, and refuses one of another chain or another validator.
fn compare(environment: &Environment, path: &Path) -> Result<(), BackupError> {
    let backup = Store::open(path)?;
    let present = match Store::open(&environment.database()) {
        Ok(store) => Some(store),
        Err(StoreError::Missing(_)) => None,
        Err(error) => {
            warn!(%error, "the present database cannot be compared with");
            None
        }
    };
    let present_chain = present.as_ref().map(Store::genesis).transpose()?.flatten();
    if let (Some(present), Some(found)) = (present_chain, backup.genesis()?)
        && present != found
    {
        return Err(BackupError::OtherChain { found, present });
    }
    let present = environment
        .wallet()
        .ok()
        .and_then(|wallet| load_hotkey(&wallet).ok())
        .map(|hotkey| hotkey.hotkey().to_string());
    let found = backup.chain_seen()?.and_then(|seen| seen.hotkey);
    if let (Some(present), Some(found)) = (present, found)
        && present != found
    {
        return Err(BackupError::OtherValidator { found, present });
    }
    Ok(backup.close()?)
}
