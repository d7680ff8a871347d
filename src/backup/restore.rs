//! A backup takes the place of the present database, which is kept. Nobody else may have it open
//! meanwhile.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::{Instant, sleep};
use tracing::info;

use super::verify::{Ready, lock, prepare};
use super::{BackupError, Place, Verified, Wanted};
use crate::pass::{Frame, VERSION};
use crate::store::{InUse, PassOutcome, Restored, Store};

/// Passes that timers have started are waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a restore has done.
#[derive(Clone, Debug)]
pub struct Replaced {
    pub backup: Verified,
    /// Where the database of before is; `None`: there was none.
    pub kept: Option<PathBuf>,
}

/// Puts a backup in the place of the database. Until its last moment the present database is
/// untouched; killed at any point, the next one to open it finds the old or the new one.
///
/// # Errors
/// The backup cannot be restored, or a pass is running.
pub async fn restore(
    frame: &Frame,
    wanted: &Wanted,
    place: Place,
    identity: Option<&Path>,
) -> Result<Replaced, BackupError> {
    let database = frame.environment.database();
    let lock = lock(&database)?;
    // said before anything is downloaded
    drop(alone(&database).await?);
    let ready = prepare(frame, wanted, place, identity, lock).await?;
    let now = Utc::now();
    mark(&ready, now)?;
    let alone = alone(&database).await?;
    let kept = ready.replacement.put_in_place(&alone, now)?;
    info!(backup = ready.verified.name, "restored");
    Ok(Replaced {
        backup: ready.verified,
        kept,
    })
}

async fn alone(database: &Path) -> Result<InUse, BackupError> {
    const POLL: Duration = Duration::from_millis(100);
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(alone) = InUse::alone(database)? {
            return Ok(alone);
        }
        if Instant::now() >= deadline {
            return Err(BackupError::InUse);
        }
        sleep(POLL).await;
    }
}

/// The restored database knows that it is one, and shows the restore among its passes.
fn mark(ready: &Ready, now: DateTime<Utc>) -> Result<(), BackupError> {
    let mut store = Store::open(&ready.replacement.path())?;
    let Verified { name, made_at, .. } = &ready.verified;
    store.mark_restored(&Restored {
        at: now,
        backup: name.clone(),
        made_at: *made_at,
        reconciled_at: None,
    })?;
    if let Some(row) = &ready.local {
        store.keep_backup(row)?;
    }
    let pass = store.begin_pass("restore-db", VERSION, now)?;
    store.end_pass(pass, PassOutcome::Done, &format!("restored {name}"), now)?;
    Ok(store.close()?)
}
