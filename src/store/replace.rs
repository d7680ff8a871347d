//! Putting another database in the place of the present one, so that at every moment, also after
//! a kill, the next one to open it finds the old one or the new one, whole. A journal of the old
//! one must never be applied to the new one.
//!
//! The new file waits in a folder beside the database. A mark in that folder says that it is
//! complete and the old one is kept; from then on the swap is finished by whoever comes next.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};

use super::{InUse, StoreError};
use crate::{durable, failpoint};

/// What SQLite keeps beside the file.
const JOURNALS: [&str; 2] = ["-wal", "-shm"];

/// A database that is made ready to take the place of another one. Dropped, it leaves nothing.
#[derive(Debug)]
pub struct Replacement {
    database: PathBuf,
    folder: PathBuf,
    is_kept: bool,
}

impl Replacement {
    /// An empty folder beside the database. What an earlier restore has left there goes away. The
    /// caller holds a lock against another restore.
    pub fn begin(database: &Path) -> Result<Self, StoreError> {
        if is_pending(database) {
            let _alone = InUse::alone(database)?.ok_or(StoreError::Restoring)?;
            finish(database)?;
        }
        let folder = durable::beside(database, ".restore");
        let failed = |cause| file_error(&folder, cause);
        remove_folder(&folder).map_err(failed)?;
        durable::create_folder(&folder, durable::PRIVATE).map_err(failed)?;
        Ok(Self {
            database: database.to_owned(),
            folder,
            is_kept: false,
        })
    }

    /// Where the new database is made.
    pub fn path(&self) -> PathBuf {
        new_database(&self.folder)
    }

    /// For what is needed to make it; goes away with it.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Keeps the present database, with its journal, under another name, and puts the new one,
    /// which is closed, in its place. Gives back where the old one is; `None`: there was none.
    pub fn put_in_place(
        mut self,
        _alone: &InUse,
        now: DateTime<Utc>,
    ) -> Result<Option<PathBuf>, StoreError> {
        self.complete()
            .map_err(|cause| file_error(&self.folder, cause))?;
        let has_old = self.database.exists();
        let aside = Aside::free(&self.database, now);
        // from here on the folder belongs to the swap
        self.is_kept = true;
        let mark = mark_in(&self.folder);
        self.set_mark(&mark, &aside)
            .map_err(|cause| file_error(&mark, cause))?;
        finish(&self.database)?;
        Ok(has_old.then(|| aside.of(&self.database)))
    }

    fn set_mark(&self, mark: &Path, aside: &Aside) -> io::Result<()> {
        let unfinished = self.folder.join("mark");
        let mut file = durable::create_new(&unfinished)?;
        file.write_all(aside.0.as_bytes())?;
        file.sync_all()?;
        durable::place(&unfinished, mark)
    }

    /// The new file has the owner and the mode of the old one and is on disk.
    fn complete(&self) -> io::Result<()> {
        let path = self.path();
        for journal in JOURNALS {
            durable::remove(&durable::beside(&path, journal))?;
        }
        let file = fs::File::open(&path)?;
        durable::give_to_owner_of(&file, &self.database)?;
        let mode = fs::metadata(&self.database).map_or(0o600, |old| old.permissions().mode());
        file.set_permissions(Permissions::from_mode(mode & 0o777))?;
        file.sync_all()?;
        durable::sync_folder_of(&path)?;
        durable::sync_folder_of(&self.folder)
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.is_kept {
            // what stays behind is removed by the next restore
            let _ = remove_folder(&self.folder);
        }
    }
}

/// What is added to the name of a database that was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Aside(String);

impl Aside {
    const PREFIX: &str = ".before-";

    /// By the time, or a later one if that name is taken.
    fn free(database: &Path, mut now: DateTime<Utc>) -> Self {
        loop {
            let aside = Self(format!("{}{}", Self::PREFIX, now.format("%Y-%m-%d_%H%M%S")));
            if !aside.of(database).exists() {
                return aside;
            }
            now += TimeDelta::seconds(1);
        }
    }

    fn read(mark: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(mark)?;
        let is_one = text.starts_with(Self::PREFIX) && !text.contains('/') && text.len() < 64;
        match is_one {
            true => Ok(Self(text)),
            false => Err(io::Error::other("the mark of a restore is unreadable")),
        }
    }

    fn of(&self, database: &Path) -> PathBuf {
        durable::beside(database, &self.0)
    }
}

/// Whether a swap was begun and not finished.
pub(super) fn is_pending(database: &Path) -> bool {
    mark_in(&durable::beside(database, ".restore")).exists()
}

/// Finishes a swap; nobody has the database open.
pub(super) fn finish(database: &Path) -> Result<(), StoreError> {
    let folder = durable::beside(database, ".restore");
    let new = new_database(&folder);
    let swap = || {
        // without the new file the swap is done, and a journal is the new one's
        if new.exists() {
            keep(database, &Aside::read(&mark_in(&folder))?.of(database))?;
            for journal in JOURNALS {
                durable::remove(&durable::beside(database, journal))?;
            }
            durable::sync_folder_of(database)?;
            durable::place(&new, database)?;
        }
        failpoint::hit("before unmark");
        remove_folder(&folder)?;
        durable::sync_folder_of(database)
    };
    swap().map_err(|cause| file_error(database, cause))
}

/// Gives the database, if there is one, a second name, with its journal: nothing is copied.
fn keep(database: &Path, kept: &Path) -> io::Result<()> {
    for part in JOURNALS.into_iter().chain([""]) {
        failpoint::hit("before link");
        let link = fs::hard_link(durable::beside(database, part), durable::beside(kept, part));
        match link.map_err(|error| error.kind()) {
            // it never was, or it was kept before the swap was cut short
            Ok(()) | Err(io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists) => (),
            Err(kind) => return Err(kind.into()),
        }
    }
    durable::sync_folder_of(kept)
}

fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn new_database(folder: &Path) -> PathBuf {
    folder.join("horde.db")
}

fn mark_in(folder: &Path) -> PathBuf {
    folder.join("ready")
}

fn file_error(path: &Path, cause: io::Error) -> StoreError {
    StoreError::File {
        path: path.to_owned(),
        cause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database of which only the names matter, with another one ready to take its place.
    fn scene() -> (tempfile::TempDir, PathBuf, Replacement) {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("horde.db");
        for (part, text) in [("", "old"), ("-wal", "old journal"), ("-shm", "old index")] {
            fs::write(durable::beside(&database, part), text).expect("written");
        }
        let replacement = Replacement::begin(&database).expect("a folder");
        fs::write(replacement.path(), "new").expect("written");
        (folder, database, replacement)
    }

    fn text(path: &Path) -> String {
        fs::read_to_string(path).unwrap_or_default()
    }

    fn assert_swapped(database: &Path, kept: &Path) {
        assert_eq!(text(database), "new");
        assert!(!durable::beside(database, "-wal").exists());
        assert!(!durable::beside(database, "-shm").exists());
        assert!(!durable::beside(database, ".restore").exists());
        assert_eq!(text(kept), "old");
        assert_eq!(text(&durable::beside(kept, "-wal")), "old journal");
        assert_eq!(text(&durable::beside(kept, "-shm")), "old index");
    }

    #[test]
    fn the_old_journal_is_kept_beside_the_old_database_and_not_beside_the_new_one() {
        let (_folder, database, replacement) = scene();
        let alone = InUse::alone(&database).expect("a lock").expect("free");
        let now = Utc::now();
        let taken = Aside::free(&database, now).of(&database);
        fs::write(&taken, "of an earlier restore").expect("written");
        let kept = replacement.put_in_place(&alone, now);
        let kept = kept.expect("swapped").expect("there was one");
        assert_swapped(&database, &kept);
        assert_eq!(text(&taken), "of an earlier restore");
    }

    #[test]
    fn a_swap_that_was_cut_short_is_finished_from_wherever_it_was() {
        // how much was kept and removed before the end
        for (linked, removed) in [(0, 0), (1, 0), (3, 0), (3, 1), (3, 2)] {
            let (_folder, database, mut replacement) = scene();
            replacement.is_kept = true;
            let aside = Aside(".before-x".to_owned());
            let kept = aside.of(&database);
            replacement
                .set_mark(&mark_in(&replacement.folder), &aside)
                .expect("marked");
            let parts = JOURNALS.into_iter().chain([""]);
            for part in parts.take(linked) {
                let from = durable::beside(&database, part);
                fs::hard_link(from, durable::beside(&kept, part)).expect("linked");
            }
            for journal in JOURNALS.into_iter().take(removed) {
                fs::remove_file(durable::beside(&database, journal)).expect("removed");
            }
            drop(replacement);
            assert!(is_pending(&database));
            finish(&database).expect("finished");
            assert_swapped(&database, &kept);
        }
    }

    #[test]
    fn after_the_rename_a_journal_is_the_new_databases() {
        let (_folder, database, mut replacement) = scene();
        replacement.is_kept = true;
        let mark = mark_in(&replacement.folder);
        let aside = Aside(".before-x".to_owned());
        replacement.set_mark(&mark, &aside).expect("marked");
        fs::rename(replacement.path(), &database).expect("renamed");
        fs::write(durable::beside(&database, "-wal"), "new journal").expect("written");
        finish(&database).expect("finished");
        assert_eq!(text(&durable::beside(&database, "-wal")), "new journal");
    }

    #[test]
    fn without_a_mark_nothing_has_happened() {
        let (_folder, database, replacement) = scene();
        drop(replacement);
        assert!(!is_pending(&database));
        assert_eq!(text(&database), "old");
        assert_eq!(text(&durable::beside(&database, "-wal")), "old journal");
    }
}
