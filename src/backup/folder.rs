//! The local folder of backups: what is in it, placing a new one, removing an old one. A backup
//! is there under its name only when it is whole and its sum beside it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use tracing::warn;

use super::sum::{read_sum, sum_line};
use super::{BackupError, BackupName};
use crate::{durable, failpoint};

const PARTIAL: &str = ".partial";

#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LocalBackup {
    pub(super) name: BackupName,
    pub(super) bytes: u64,
}

impl Folder {
    /// It need not exist.
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self, name: BackupName) -> PathBuf {
        self.path.join(name.to_string())
    }

    /// Makes the folder, and removes what a killed pass has left in it. The caller is the only one
    /// who makes backups.
    pub(super) fn prepare(&self, database: &Path) -> Result<(), BackupError> {
        if !self.path.is_dir() {
            durable::create_folder(&self.path, durable::PRIVATE)
                .and_then(|()| fs::File::open(&self.path))
                .and_then(|folder| durable::give_to_owner_of(&folder, database))
                .map_err(|cause| BackupError::file("make", &self.path, cause))?;
        }
        for name in self.names()? {
            let is_partial = name.starts_with('.')
                && name[1..].starts_with(BackupName::prefix())
                && name.ends_with(PARTIAL);
            let is_orphan =
                BackupName::of_sum_file(&name).is_some_and(|backup| !self.file(backup).exists());
            if is_partial || is_orphan {
                warn!(name, "removing what a backup that was cut short has left");
                self.remove_file(&self.path.join(name))?;
            }
        }
        Ok(())
    }

    /// Newest first; none if there is no folder.
    pub(super) fn backups(&self) -> Result<Vec<LocalBackup>, BackupError> {
        let mut backups = Vec::new();
        for name in self.names()? {
            let Ok(backup) = name.parse::<BackupName>() else {
                continue;
            };
            let path = self.path.join(&name);
            match fs::metadata(&path) {
                Ok(file) if file.is_file() => backups.push(LocalBackup {
                    name: backup,
                    bytes: file.len(),
                }),
                // a folder of this name, or removed since
                Ok(_) => (),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => (),
                Err(cause) => return Err(BackupError::file("read", &path, cause)),
            }
        }
        backups.sort_unstable_by_key(|backup| std::cmp::Reverse(backup.name));
        Ok(backups)
    }

    /// The name of a backup made now that no other one has.
    pub(super) fn free_name(&self, now: DateTime<Utc>) -> BackupName {
        let mut name = BackupName::at(now);
        while self.file(name).exists() {
            name = BackupName::at(name.made_at() + TimeDelta::seconds(1));
        }
        name
    }

    /// Where a part of the work on a backup goes.
    pub(super) fn partial(&self, name: BackupName, what: &str) -> Partial {
        Partial(self.path.join(format!(".{name}.{what}{PARTIAL}")))
    }

    /// Gives a whole, synced file its name, with its sum beside it. Both belong to the owner of the
    /// folder, also if root has made them.
    pub(super) fn place(
        &self,
        packed: &Partial,
        name: BackupName,
        sha256: &str,
    ) -> Result<(), BackupError> {
        let sum = self.partial(name, "sha256");
        let placed = write_synced(sum.path(), &sum_line(sha256, name))
            .and_then(|()| self.give_to_owner(sum.path()))
            .and_then(|()| durable::place(sum.path(), &self.path.join(name.sum_file())));
        placed.map_err(|cause| BackupError::file("write", sum.path(), cause))?;
        self.give_to_owner(packed.path())
            .and_then(|()| durable::place(packed.path(), &self.file(name)))
            .map_err(|cause| BackupError::file("place", &self.file(name), cause))
    }

    /// The file first: a sum without a file is swept away, a file without its sum would look
    /// damaged.
    pub(super) fn remove(&self, name: BackupName) -> Result<(), BackupError> {
        self.remove_file(&self.file(name))?;
        self.remove_file(&self.path.join(name.sum_file()))
    }

    /// The sum that a backup should have.
    pub(super) fn sum(&self, name: BackupName) -> Result<String, BackupError> {
        let sum = read_sum(&self.path.join(name.sum_file()), name)?;
        sum.ok_or_else(|| BackupError::NoSum {
            name: name.to_string(),
        })
    }

    fn give_to_owner(&self, path: &Path) -> std::io::Result<()> {
        durable::give_to_owner_of(&fs::File::open(path)?, &self.path)
    }

    fn remove_file(&self, path: &Path) -> Result<(), BackupError> {
        durable::remove(path)
            .and_then(|()| durable::sync_folder_of(path))
            .map_err(|cause| BackupError::file("remove", path, cause))
    }

    /// Those that are text; ours are.
    fn names(&self) -> Result<Vec<String>, BackupError> {
        let reading = |cause| BackupError::file("read", &self.path, cause);
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(reading)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry.map_err(reading)?.file_name().into_string());
        }
        Ok(names)
    }
}

fn write_synced(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = durable::create_new(path)?;
    failpoint::hit("before write");
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A file that is being made; gone when this is dropped, unless it was placed.
#[derive(Debug)]
pub(super) struct Partial(PathBuf);

impl Partial {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // what stays behind is removed by the next pass
        let _ = fs::remove_file(&self.0);
    }
}
