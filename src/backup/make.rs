//! A new backup in the local folder: copied while others write, checked, packed, read back, then
//! placed. Until then no other backup is touched.

use std::path::Path;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::folder::Folder;
use super::meter::Meter;
use super::pack::pack;
use super::sum::Sum;
use super::unpack::{check_sum, unpack};
use super::{BackupError, BackupName};
use crate::failpoint;
use crate::pass::Progress;
use crate::store::Store;

/// How the work is shown, and whether it is to end.
#[derive(Clone)]
pub(super) struct Watch {
    pub(super) progress: Progress,
    pub(super) stop: CancellationToken,
}

impl Watch {
    pub(super) fn meter(&self, label: impl Into<String>, bytes: u64) -> Meter {
        Meter::new(self.progress.bytes(label, bytes), &self.stop)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) name: BackupName,
    pub(super) sum: Sum,
}

/// Makes a backup of the database as it is now. Takes seconds for each GiB, on two threads.
pub(super) fn make(
    database: &Path,
    folder: &Folder,
    now: DateTime<Utc>,
    watch: &Watch,
) -> Result<Made, BackupError> {
    folder.prepare(database)?;
    let name = folder.free_name(now);
    let copy = folder.partial(name, "sqlite");
    let packed = folder.partial(name, "packed");
    let meter = watch.meter("copying the database", 0);
    failpoint::hit("before snapshot");
    Store::snapshot(database, copy.path(), |copied| {
        meter.reached(copied.bytes, copied.of);
        meter.goes_on()
    })
    .map_err(|error| disk_full(error, copy.path()))?;
    drop(meter);
    let sum = std::thread::scope(|scope| {
        let checked = scope.spawn(|| Store::check_copy(copy.path()));
        let sum = pack_and_read_back(copy.path(), packed.path(), name, watch);
        match checked.join() {
            Ok(checked) => checked.map_err(BackupError::from).and(sum),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })?;
    failpoint::hit("before placing");
    folder.place(&packed, name, &sum.sha256)?;
    Ok(Made { name, sum })
}

fn pack_and_read_back(
    copy: &Path,
    packed: &Path,
    name: BackupName,
    watch: &Watch,
) -> Result<Sum, BackupError> {
    let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let sum = pack(copy, packed, &watch.meter("compressing", bytes(copy)))?;
    let name = name.to_string();
    let meter = watch.meter("reading it back", bytes(copy));
    check_sum(
        packed,
        &name,
        &sum.sha256,
        &watch.meter("checking its sum", sum.bytes),
    )?;
    unpack(packed, &name, &[], &mut std::io::sink(), packed, &meter)?;
    Ok(sum)
}

/// SQLite says that the disk is full, and not which.
fn disk_full(error: BackupError, path: &Path) -> BackupError {
    match error {
        BackupError::Store(crate::store::StoreError::Full) => BackupError::Full(path.to_owned()),
        other => other,
    }
}
