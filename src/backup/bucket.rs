//! Backups in a bucket: each file with its sum beside it, as in the local folder. A backup is there
//! under its name only when it is whole and its sum beside it.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use tracing::{info, warn};

use super::make::Watch;
use super::sum::{MOST_OF_SUM_FILE, read_sum, sum_line};
use super::target::{BucketAccess, Parcel, SendError};
use super::{BackupError, BackupName};
use crate::durable;
use crate::objects::{self, ObjectStore, ObjectsError};
use crate::settings::BucketName;
use crate::store::CopyOutcome;

/// An upload in parts that is older was cut short; its parts cost money until it is ended.
const STALE_UPLOAD: TimeDelta = TimeDelta::hours(24);
/// More than any backup.
const MOST_BYTES: u64 = 1 << 40;

/// A bucket that backups are in.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    store: ObjectStore,
    name: BucketName,
}

/// A backup in a bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct RemoteBackup {
    pub(super) name: BackupName,
    pub(super) bytes: u64,
}

impl Bucket {
    /// A key of Backblaze is told its server first.
    pub(super) async fn open(access: &BucketAccess) -> Result<Self, ObjectsError> {
        let (access, name) = match access {
            BucketAccess::B2(b2) => {
                let access = objects::b2_access(&b2.api, &b2.key_id, &b2.key_secret).await?;
                (access, &b2.bucket)
            }
            BucketAccess::S3(access, bucket) => (access.clone(), bucket),
        };
        Ok(Self {
            store: ObjectStore::new(access),
            name: name.clone(),
        })
    }

    pub(super) async fn send(
        &self,
        parcel: &Parcel,
        watch: &Watch,
        now: DateTime<Utc>,
    ) -> Result<CopyOutcome, SendError> {
        let Parcel {
            name, file, sum, ..
        } = parcel;
        // first: a backup without its sum could not be restored, a sum alone is taken for nothing
        let line = sum_line(&sum.sha256, *name).into_bytes();
        self.store
            .put_object(&self.name, &name.sum_file(), line)
            .await?;
        let meter = watch.meter(format!("uploading to {}", self.name), sum.bytes);
        let key = name.to_string();
        let whole = self
            .store
            .upload(&self.name, &key, file, |bytes| meter.moved(bytes));
        tokio::select! {
            done = whole => done?,
            () = watch.stop.cancelled() => return Err(BackupError::Stopped.into()),
        }
        let before = now - STALE_UPLOAD;
        match self
            .store
            .abort_uploads(&self.name, BackupName::prefix(), before)
            .await
        {
            Ok(0) => (),
            Ok(count) => info!(count, "ended uploads that were cut short"),
            // the backup has arrived all the same
            Err(error) => warn!(%error, "uploads that were cut short could not be ended"),
        }
        Ok(CopyOutcome::Sent)
    }

    /// Newest first.
    pub(super) async fn backups(&self) -> Result<Vec<RemoteBackup>, ObjectsError> {
        let entries = self.store.list(&self.name, BackupName::prefix()).await?;
        let mut backups: Vec<_> = entries
            .into_iter()
            .filter_map(|entry| {
                Some(RemoteBackup {
                    name: entry.key.parse().ok()?,
                    bytes: entry.bytes,
                })
            })
            .collect();
        backups.sort_unstable_by_key(|backup| std::cmp::Reverse(backup.name));
        Ok(backups)
    }

    /// Writes a backup into a new file and gives back the sum it should have.
    pub(super) async fn fetch(
        &self,
        name: BackupName,
        bytes: u64,
        into: &Path,
        watch: &Watch,
    ) -> Result<String, BackupError> {
        let no_sum = || BackupError::NoSum {
            name: name.to_string(),
        };
        let sum_into = durable::beside(into, ".sha256");
        let key = name.sum_file();
        if self.store.object_bytes(&self.name, &key).await?.is_none() {
            return Err(no_sum());
        }
        self.store
            .download(&self.name, &key, &sum_into, MOST_OF_SUM_FILE, |_| ())
            .await?;
        let sum = read_sum(&sum_into, name)?.ok_or_else(no_sum)?;
        let meter = watch.meter(format!("downloading from {}", self.name), bytes);
        let key = name.to_string();
        let whole = self
            .store
            .download(&self.name, &key, into, MOST_BYTES, |bytes| {
                meter.moved(bytes)
            });
        tokio::select! {
            done = whole => done?,
            () = watch.stop.cancelled() => return Err(BackupError::Stopped),
        }
        Ok(sum)
    }
}
