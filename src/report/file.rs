//! Where the page is put: whole or not at all, and never in the place of what is no file.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::durable;

/// A page is made to be shown to others.
const MODE: u32 = 0o644;

/// Writes `text` to the file at `path`. A new file can be read by all; one that is there is
/// replaced at once and keeps its mode. A device or a pipe is written to.
///
/// # Errors
/// As the system says; then a file that was there is as it was.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => {
            // through links, so that a link stays one
            replace(&fs::canonicalize(path)?, found.permissions(), text)
        }
        Ok(_) => OpenOptions::new()
            .write(true)
            .open(path)?
            .write_all(text.as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            replace(path, Permissions::from_mode(MODE), text)
        }
        Err(error) => Err(error),
    }
}

fn replace(path: &Path, mode: Permissions, text: &str) -> io::Result<()> {
    let part = durable::beside(path, &format!(".{}.part", std::process::id()));
    durable::remove(&part)?;
    let written = durable::create_new(&part)
        .and_then(|file| fill(file, mode, text))
        .and_then(|()| durable::place(&part, path));
    if written.is_err() {
        // what it has failed with says more
        let _ = durable::remove(&part);
    }
    written
}

fn fill(mut file: File, mode: Permissions, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.set_permissions(mode)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn a_page_replaces_a_page_and_keeps_its_mode() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("page.html");
        write(&path, "first").expect("written");
        assert_eq!(mode(&path), 0o644);
        fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("its mode");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        write(&link, "second").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("there"), "second");
        assert_eq!(mode(&path), 0o640);
        assert!(link.is_symlink());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2);
    }

    #[test]
    fn what_is_no_file_stays_what_it_is() {
        write(Path::new("/dev/null"), "page").expect("it takes all");
        let folder = tempfile::tempdir().expect("a folder");
        assert!(write(folder.path(), "page").is_err());
        assert!(write(&folder.path().join("none/page"), "page").is_err());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
