//! What can be restored: here and in the buckets. What was sent by mail is with its receivers.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::bucket::Bucket;
use super::folder::Folder;
use super::target::BucketAccess;
use super::{BackupError, BackupName};
use crate::settings::Environment;
use crate::store::{CopyOutcome, CopyTarget, Store, StoreError};

/// Where backups can be had from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    Local,
    B2,
    S3,
}

impl Place {
    pub const ALL: [Self; 3] = [Self::Local, Self::B2, Self::S3];

    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::B2 => CopyTarget::B2.name(),
            Self::S3 => CopyTarget::S3.name(),
        }
    }

    /// The bucket of this place; `None` for the local folder.
    pub(super) fn target(self) -> Option<CopyTarget> {
        match self {
            Self::Local => None,
            Self::B2 => Some(CopyTarget::B2),
            Self::S3 => Some(CopyTarget::S3),
        }
    }

    /// What has to be set for it.
    pub(super) fn setting(self) -> &'static str {
        match self {
            Self::Local => "BACKUP_DIRECTORY",
            Self::B2 => "BACKUP_B2_BUCKET_NAME",
            Self::S3 => "BACKUP_S3_BUCKET_NAME",
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place = Self::ALL.into_iter().find(|place| place.name() == text);
        place.ok_or_else(|| "it is none of local, b2, s3".to_owned())
    }
}

/// A backup that can be restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    pub name: String,
    pub made_at: DateTime<Utc>,
    pub bytes: u64,
    pub place: Place,
    pub encrypted: bool,
    /// When it was last unpacked and found whole, or, elsewhere, when it arrived whole. `None`:
    /// not by this validator.
    pub checked_at: Option<DateTime<Utc>>,
}

/// All backups, and the places that could not be looked into.
#[derive(Debug, Default)]
pub struct Listing {
    /// Newest first.
    pub backups: Vec<Listed>,
    pub failed: Vec<(Place, BackupError)>,
}

/// Looks into the local folder, and into the buckets unless `local_only`.
///
/// # Errors
/// The local folder cannot be read, or a bucket is set in part only.
pub async fn list(
    environment: &Environment,
    local_only: bool,
) -> Result<Listing, super::BackupError> {
    let known = Known::read(environment);
    let folder = Folder::at(environment.backup_directory());
    let mut listing = Listing::default();
    let local = folder.backups()?.into_iter();
    listing
        .backups
        .extend(local.map(|one| known.listed(Place::Local, one.name, one.bytes)));
    let elsewhere = Place::ALL
        .into_iter()
        .filter(|place| place.target().is_some());
    for place in elsewhere.filter(|_| !local_only) {
        match remote(environment, place).await {
            Ok(None) => (),
            Ok(Some(backups)) => listing.backups.extend(
                backups
                    .into_iter()
                    .map(|(name, bytes)| known.listed(place, name, bytes)),
            ),
            Err(error) => listing.failed.push((place, error)),
        }
    }
    listing
        .backups
        .sort_by(|a, b| b.made_at.cmp(&a.made_at).then(a.place.cmp(&b.place)));
    Ok(listing)
}

/// `None`: this place is not set.
async fn remote(
    environment: &Environment,
    place: Place,
) -> Result<Option<Vec<(BackupName, u64)>>, BackupError> {
    match bucket(environment, place).await? {
        None => Ok(None),
        Some(bucket) => {
            let backups = bucket.backups().await?;
            Ok(Some(
                backups
                    .into_iter()
                    .map(|one| (one.name, one.bytes))
                    .collect(),
            ))
        }
    }
}

/// How many backups there are at a place; `None`: it is not set.
///
/// # Errors
/// It is set in part only, or cannot be looked into.
pub async fn count(environment: &Environment, place: Place) -> Result<Option<usize>, BackupError> {
    let backups = remote(environment, place).await?;
    Ok(backups.map(|backups| backups.len()))
}

/// The bucket of a place, if it is set.
pub(super) async fn bucket(
    environment: &Environment,
    place: Place,
) -> Result<Option<Bucket>, BackupError> {
    match BucketAccess::of(environment, place)? {
        None => Ok(None),
        Some(access) => Ok(Some(Bucket::open(&access).await?)),
    }
}

/// What the database tells of backups; nothing where there is none, or a damaged one.
struct Known(Option<Store>);

impl Known {
    fn read(environment: &Environment) -> Self {
        Self(Store::open(&environment.database()).ok())
    }

    fn listed(&self, place: Place, name: BackupName, bytes: u64) -> Listed {
        Listed {
            name: name.to_string(),
            made_at: name.made_at(),
            bytes,
            place,
            encrypted: name.is_encrypted(),
            // a backup is not less of one because nothing is known of it
            checked_at: self.checked_at(place, name).unwrap_or(None),
        }
    }

    fn checked_at(
        &self,
        place: Place,
        name: BackupName,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let Some(store) = &self.0 else {
            return Ok(None);
        };
        let name = name.plain().to_string();
        let Some(target) = place.target() else {
            return Ok(store.backup(&name)?.and_then(|row| row.verified_at));
        };
        let copies = store.backup_copies(&name)?;
        let arrived = copies
            .into_iter()
            .find(|copy| copy.target == target && copy.outcome == CopyOutcome::Sent);
        Ok(arrived.map(|copy| copy.at))
    }
}
