//! Commands of the real program, recorded: all that they did to the files of a machine, and what the
//! database knew after each of them.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::disk::{Disk, Image, Names};
use super::facts::{Facts, facts};
use super::log::{Happening, Reader};
use super::trace;
use crate::host::Host;

pub(super) struct Recording {
    pub(super) host: Host,
    /// What was there at first; all of it durable.
    pub(super) base: Image,
    pub(super) happenings: Vec<Happening>,
    /// Before the first command, and after each.
    pub(super) facts: Vec<Facts>,
    /// Whether a command puts another database in the place of this one.
    pub(super) restores: Vec<bool>,
    /// The disk as the happenings make it.
    disk: Disk,
    /// Where strace writes.
    outside: tempfile::TempDir,
}

impl Recording {
    /// Nobody else may touch the machine from here on.
    pub(super) fn of(host: Host) -> Self {
        let base = read(&host.path(""));
        Self {
            disk: Disk::new(&base, Names::Journalled),
            facts: vec![facts_in(&host, &base)],
            host,
            base,
            happenings: Vec::new(),
            restores: Vec::new(),
            outside: tempfile::tempdir().expect("a folder"),
        }
    }

    /// Runs a command, which has to succeed.
    pub(super) fn run(&mut self, arguments: &[&str]) {
        let root = self.host.path("");
        // as the kernel shows it
        let root = root.canonicalize().expect("there");
        let mut command = self.host.command();
        command.args(arguments);
        let (output, calls) = trace::run(&command, &self.outside.path().join("log"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        let syncs = self.happenings.len();
        let happenings = Reader::new(&root, syncs).read(&calls);
        for happening in &happenings {
            self.disk.happen(happening);
        }
        self.happenings.extend(happenings);
        self.happenings.push(Happening::Ended);
        let image = read(&root);
        assert_same(&self.disk.visible(), &image);
        self.facts.push(facts_in(&self.host, &image));
        self.restores.push(arguments[0] == "restore-db");
    }

    /// The name of the database below the root.
    pub(super) fn database(&self) -> PathBuf {
        database(&self.host)
    }
}

fn database(host: &Host) -> PathBuf {
    let path = PathBuf::from(&host.settings()["HORDE_DB"]);
    let path = path.strip_prefix(host.path("")).expect("below the root");
    path.to_owned()
}

fn facts_in(host: &Host, image: &Image) -> Facts {
    let copy = tempfile::tempdir().expect("a folder");
    write(image, copy.path());
    match copy.path().join(database(host)).exists() {
        true => facts(copy.path(), &database(host)).expect("it opens"),
        false => Facts::default(),
    }
}

/// The proof that nothing was overlooked: the model has come to what is really there.
fn assert_same(model: &Image, real: &Image) {
    let names = |image: &Image| image.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(model), names(real), "other names than are there");
    for (path, content) in model {
        let is_index = path.to_string_lossy().ends_with("-shm");
        assert!(
            is_index || *content == real[path],
            "{path:?} is not as it is"
        );
    }
}

pub(super) fn read(root: &Path) -> Image {
    let mut image = Image::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).expect("a folder") {
            let entry = entry.expect("read");
            let path = folder.join(entry.file_name());
            if entry.file_type().expect("read").is_dir() {
                image.insert(path.clone(), None);
                folders.push(path);
            } else {
                image.insert(path, Some(fs::read(entry.path()).expect("read")));
            }
        }
    }
    image
}

/// Into a folder that is there and empty. What holds keys is for its owner alone.
pub(super) fn write(image: &Image, root: &Path) {
    for (path, content) in image {
        let path = root.join(path);
        match content {
            None => fs::create_dir(path).expect("made"),
            Some(bytes) => {
                let mut new = OpenOptions::new();
                let file = new.create_new(true).write(true).mode(0o600).open(path);
                file.expect("made").write_all(bytes).expect("written");
            }
        }
    }
}
