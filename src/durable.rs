//! Files that survive a loss of power: made for their owner alone, synced, and placed under their
//! final name only when they are whole. Knows nothing of what is in them.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use crate::failpoint;

/// A new file with mode 0600, which must not exist yet; it can be read back.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create_new(true)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)
}

/// For a folder that nobody else can look into.
pub(crate) const PRIVATE: u32 = 0o700;
/// For a folder that is as open as the umask lets it be.
pub(crate) const BY_UMASK: u32 = 0o777;

/// A folder with its parents; durable when this returns. One that is there stays as it is.
pub(crate) fn create_folder(path: &Path, mode: u32) -> io::Result<()> {
    let is_missing = |folder: &&Path| *folder != Path::new("") && !folder.exists();
    let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
    DirBuilder::new().recursive(true).mode(mode).create(path)?;
    missing.into_iter().rev().try_for_each(sync_folder_of)
}

/// Moves a synced file to its final name; durable when this returns.
pub(crate) fn place(from: &Path, to: &Path) -> io::Result<()> {
    failpoint::hit("before rename");
    fs::rename(from, to)?;
    failpoint::hit("after rename");
    sync_folder_of(to)
}

/// Removes a file, whether or not it is there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    failpoint::hit("before remove");
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Makes what was created, renamed or removed beside `path` survive.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// The folder that the path is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    folder.unwrap_or(Path::new("."))
}

/// The path of which the last part ends with `suffix`.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Gives a file to the owner of another one, or of its folder if that is not there yet, where root
/// has made it. The other users of the database could not open it otherwise.
pub(crate) fn give_to_owner_of(file: &File, other: &Path) -> io::Result<()> {
    let wanted = fs::metadata(other).or_else(|_| fs::metadata(folder_of(other)));
    let Ok(wanted) = wanted else {
        return Ok(());
    };
    let has = file.metadata()?;
    if (has.uid(), has.gid()) == (wanted.uid(), wanted.gid()) {
        return Ok(());
    }
    match fchown(file, Some(wanted.uid()), Some(wanted.gid())) {
        // it is somebody else's, who can use it
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_made_once_for_its_owner_and_placed_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let (part, whole) = (folder.path().join("part"), folder.path().join("whole"));
        let file = create_new(&part).expect("made");
        assert_eq!(
            file.metadata().expect("there").permissions().mode() & 0o777,
            0o600
        );
        assert!(create_new(&part).is_err());
        place(&part, &whole).expect("placed");
        assert!(!part.exists() && whole.exists());
        remove(&whole).expect("removed");
        remove(&whole).expect("it is gone already");
    }

    #[test]
    fn a_suffix_is_added_to_the_whole_name() {
        assert_eq!(
            beside(Path::new("a/horde.db"), "-wal"),
            Path::new("a/horde.db-wal")
        );
    }
}
