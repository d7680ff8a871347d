//! Where copies go besides the local folder: Backblaze B2, any S3 bucket, mail. How each is spoken
//! to stands beside.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tracing::warn;

use super::bucket::Bucket;
use super::letter;
use super::make::Watch;
use super::sum::Sum;
use super::{BackupError, BackupName, Place};
use crate::mail::MailError;
use crate::objects::ObjectsError;
use crate::settings::{
    B2Access, BucketName, Environment, MailAccess, SettingsError, StorageAccess,
};
use crate::store::{CopyOutcome, CopyTarget};

/// Sent again after so long, if it may help.
const PAUSES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(10)];

/// A target as the settings have it.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Bucket(BucketAccess),
    Mail(MailAccess),
}

#[derive(Clone, Debug)]
pub(super) enum BucketAccess {
    B2(B2Access),
    S3(StorageAccess, BucketName),
}

/// What is sent.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub(super) name: BackupName,
    pub(super) file: PathBuf,
    pub(super) sum: Sum,
    /// Where the backup is besides, for people.
    pub(super) places: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error(transparent)]
    Bucket(#[from] ObjectsError),
    #[error(transparent)]
    Mail(#[from] MailError),
    #[error(transparent)]
    Backup(#[from] BackupError),
}

impl SendError {
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Bucket(error) => error.is_passing(),
            Self::Mail(error) => error.is_passing(),
            Self::Backup(error) => error.is_passing(),
        }
    }
}

impl SendError {
    /// What failed and why, on one line.
    pub(super) fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

impl BucketAccess {
    /// `None` if nothing of it is set, or the place is no bucket.
    pub(super) fn of(
        environment: &Environment,
        place: Place,
    ) -> Result<Option<Self>, SettingsError> {
        Ok(match place {
            Place::Local => None,
            Place::B2 => environment.b2_access()?.map(Self::B2),
            Place::S3 => environment
                .s3_backup()?
                .map(|(access, bucket)| Self::S3(access, bucket)),
        })
    }
}

impl Target {
    /// `None` if nothing of it is set.
    pub(super) fn of(
        environment: &Environment,
        kind: CopyTarget,
    ) -> Result<Option<Self>, SettingsError> {
        let bucket = |place| BucketAccess::of(environment, place);
        Ok(match kind {
            CopyTarget::B2 => bucket(Place::B2)?.map(Self::Bucket),
            CopyTarget::S3 => bucket(Place::S3)?.map(Self::Bucket),
            CopyTarget::Mail => environment.mail_access()?.map(Self::Mail),
        })
    }

    /// For people.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Bucket(BucketAccess::B2(access)) => {
                format!("Backblaze B2, bucket {}", access.bucket)
            }
            Self::Bucket(BucketAccess::S3(_, bucket)) => format!("S3, bucket {bucket}"),
            Self::Mail(access) => format!("a mail to {}", access.to.join(", ")),
        }
    }

    /// Sends until it has arrived, at most three times.
    pub(super) async fn send(
        &self,
        parcel: &Parcel,
        watch: &Watch,
        now: DateTime<Utc>,
    ) -> Result<CopyOutcome, SendError> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let error = match self.send_once(parcel, watch, now).await {
                Ok(outcome) => return Ok(outcome),
                Err(error) => error,
            };
            let pause = match error.is_passing() && !watch.stop.is_cancelled() {
                true => pauses.next().ok_or(error)?,
                false => return Err(error),
            };
            warn!(to = self.place(), "not sent yet, trying again");
            tokio::time::sleep(pause).await;
        }
    }

    async fn send_once(
        &self,
        parcel: &Parcel,
        watch: &Watch,
        now: DateTime<Utc>,
    ) -> Result<CopyOutcome, SendError> {
        match self {
            Self::Mail(access) => letter::send(access, parcel).await,
            Self::Bucket(access) => {
                let bucket = Bucket::open(access).await?;
                bucket.send(parcel, watch, now).await
            }
        }
    }
}
