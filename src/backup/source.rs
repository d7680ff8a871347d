//! Which backup is wanted, and bringing it to where it can be unpacked, with the sum it should
//! have.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::folder::Folder;
use super::listing::bucket;
use super::make::Watch;
use super::sum::read_sum;
use super::{BackupError, BackupName, Place};
use crate::durable;
use crate::settings::Environment;

/// The backup that the operator asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    Latest,
    Named(BackupName),
    /// Any file: a backup that came by mail, or a database that was kept aside.
    File(PathBuf),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is neither `latest`, nor a backup's name, nor a path with a `/` in it")]
pub struct NoWanted;

impl FromStr for Wanted {
    type Err = NoWanted;

    fn from_str(text: &str) -> Result<Self, NoWanted> {
        match text {
            "latest" => Ok(Self::Latest),
            path if path.contains('/') => Ok(Self::File(path.into())),
            name => name.parse().map(Self::Named).map_err(|_| NoWanted),
        }
    }
}

/// A backup file on this machine.
#[derive(Debug)]
pub(super) struct Found {
    /// For people.
    pub(super) name: String,
    pub(super) file: PathBuf,
    /// `None`: a file that came without one.
    pub(super) sha256: Option<String>,
    /// As far as its name tells.
    pub(super) made_at: Option<DateTime<Utc>>,
    pub(super) place: Option<Place>,
}

/// Finds the backup. One that is elsewhere is downloaded to `into`.
pub(super) async fn find(
    environment: &Environment,
    wanted: &Wanted,
    place: Place,
    into: &Path,
    watch: &Watch,
) -> Result<Found, BackupError> {
    if let Wanted::File(path) = wanted {
        return given(path);
    }
    match place {
        Place::Local => local(environment, wanted),
        Place::B2 | Place::S3 => remote(environment, wanted, place, into, watch).await,
    }
}

fn given(path: &Path) -> Result<Found, BackupError> {
    let name = path.file_name().unwrap_or(path.as_os_str());
    let name = name.to_string_lossy().into_owned();
    let backup: Option<BackupName> = name.parse().ok();
    let sha256 = match backup {
        None => None,
        // a file that came by mail has none beside it
        Some(backup) => read_sum(&durable::beside(path, ".sha256"), backup)?,
    };
    Ok(Found {
        name,
        file: path.to_owned(),
        sha256,
        made_at: backup.map(BackupName::made_at),
        place: None,
    })
}

fn local(environment: &Environment, wanted: &Wanted) -> Result<Found, BackupError> {
    let folder = Folder::at(environment.backup_directory());
    let names = folder.backups()?.into_iter().map(|one| one.name);
    let place = folder.path().display().to_string();
    let name = chosen(&names.collect::<Vec<_>>(), wanted, &place)?;
    Ok(Found {
        name: name.to_string(),
        file: folder.file(name),
        sha256: Some(folder.sum(name)?),
        made_at: Some(name.made_at()),
        place: Some(Place::Local),
    })
}

async fn remote(
    environment: &Environment,
    wanted: &Wanted,
    place: Place,
    into: &Path,
    watch: &Watch,
) -> Result<Found, BackupError> {
    let bucket = bucket(environment, place).await?;
    let bucket = bucket.ok_or(BackupError::NotSet {
        setting: place.setting(),
    })?;
    let backups = bucket.backups().await?;
    let names: Vec<BackupName> = backups.iter().map(|one| one.name).collect();
    let name = chosen(&names, wanted, &format!("the bucket of {}", place.name()))?;
    let bytes = backups.iter().find(|one| one.name == name);
    let bytes = bytes.map_or(0, |one| one.bytes);
    let sha256 = bucket.fetch(name, bytes, into, watch).await?;
    Ok(Found {
        name: name.to_string(),
        file: into.to_owned(),
        sha256: Some(sha256),
        made_at: Some(name.made_at()),
        place: Some(place),
    })
}

/// Names come newest first. The newest that is not of the future, where a clock was ahead; a name
/// also finds its encrypted form.
fn chosen(names: &[BackupName], wanted: &Wanted, place: &str) -> Result<BackupName, BackupError> {
    let newest = names.first().ok_or_else(|| BackupError::Nothing {
        place: place.to_owned(),
    })?;
    match wanted {
        Wanted::Named(wanted) => {
            let same = |exact: bool| {
                names
                    .iter()
                    .find(|name| *name == wanted || !exact && name.plain() == wanted.plain())
            };
            let found = same(true).or_else(|| same(false));
            found.copied().ok_or_else(|| BackupError::Unknown {
                name: wanted.to_string(),
                place: place.to_owned(),
            })
        }
        Wanted::Latest | Wanted::File(_) => {
            let now = Utc::now();
            let of_the_past = names.iter().find(|name| name.made_at() <= now);
            Ok(*of_the_past.unwrap_or(newest))
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_backup_is_asked_for_by_name_by_path_or_as_the_latest() {
        let name = "db_dump_2026-11-26_003000.sqlite.zst";
        assert_eq!("latest".parse(), Ok(Wanted::Latest));
        assert_eq!(
            name.parse(),
            Ok(Wanted::Named(name.parse().expect("a name")))
        );
        let path = format!("./{name}");
        assert_eq!(path.parse(), Ok(Wanted::File(path.into())));
        assert_eq!("newest".parse::<Wanted>(), Err(NoWanted));
    }

    #[test]
    fn the_latest_is_not_one_of_the_future_unless_there_is_no_other() {
        let hour = |hours: i64| BackupName::at(Utc::now() + TimeDelta::hours(hours));
        let latest = |names: &[BackupName]| chosen(names, &Wanted::Latest, "x").expect("one");
        let names = [hour(9), hour(-1), hour(-2)];
        assert_eq!(latest(&names), names[1]);
        assert_eq!(latest(&names[..1]), names[0]);
        assert!(matches!(
            chosen(&[], &Wanted::Latest, "x"),
            Err(BackupError::Nothing { .. })
        ));
    }

    #[test]
    fn a_name_also_finds_its_encrypted_form() {
        let name = BackupName::at(Utc::now());
        let other = BackupName::at(Utc::now() - TimeDelta::hours(1));
        let wanted = Wanted::Named(name);
        let find = |names: &[BackupName]| chosen(names, &wanted, "x");
        assert_eq!(find(&[name.encrypted(), name, other]).expect("one"), name);
        assert_eq!(
            find(&[name.encrypted(), other]).expect("one"),
            name.encrypted()
        );
        assert!(matches!(find(&[other]), Err(BackupError::Unknown { .. })));
    }
}
