//! From calls to what happened to the files below one folder, in order, and what was said over the
//! network meanwhile. A call that it does not know there is refused, so that nothing is overlooked.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::frames::Conversations;
use super::trace::{Call, descriptor, quoted};

/// Something that happened to a file or a folder, by its path below the root.
#[derive(Debug, Clone)]
pub(super) enum Happening {
    Create(PathBuf),
    Folder(PathBuf),
    Write {
        path: PathBuf,
        offset: u64,
        bytes: Vec<u8>,
    },
    Truncate {
        path: PathBuf,
        length: u64,
    },
    /// Syncing covers what was done before it began, once it has ended.
    SyncBegins {
        path: PathBuf,
        number: usize,
    },
    SyncEnds {
        number: usize,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Link {
        from: PathBuf,
        to: PathBuf,
    },
    Remove(PathBuf),
    /// A message went out; what is due before it has to be on disk by now.
    Said(String),
    /// A command has ended and has said that all is well.
    Ended,
}

/// Reads the calls of one process.
pub(super) struct Reader<'a> {
    root: &'a Path,
    offsets: HashMap<i64, u64>,
    conversations: Conversations,
    /// With the line of the log at which each belongs.
    happenings: Vec<(usize, Happening)>,
    syncs: usize,
}

impl<'a> Reader<'a> {
    /// Syncs are numbered from `syncs` on.
    pub(super) fn new(root: &'a Path, syncs: usize) -> Self {
        Self {
            root,
            offsets: HashMap::new(),
            conversations: Conversations::default(),
            happenings: Vec::new(),
            syncs,
        }
    }

    pub(super) fn read(mut self, calls: &[Call]) -> Vec<Happening> {
        for call in calls {
            self.call(call);
        }
        self.happenings.sort_by_key(|(line, _)| *line);
        let happenings = self.happenings.into_iter();
        happenings.map(|(_, happening)| happening).collect()
    }

    fn call(&mut self, call: &Call) {
        let arguments = &call.arguments;
        match call.name.as_str() {
            "openat" => self.open(call),
            "write" | "pwrite64" | "writev" | "sendto" | "sendmsg" => self.write(call),
            "fsync" | "fdatasync" => self.sync(call),
            "ftruncate" => {
                let Some(path) = self.of_descriptor(&arguments[0]) else {
                    return;
                };
                let length = number(&arguments[1]);
                self.note(call.ended, Happening::Truncate { path, length });
            }
            "lseek" => {
                let offset = u64::try_from(call.result).expect("succeeded");
                self.offsets.insert(file_number(&arguments[0]), offset);
            }
            "mkdir" => self.note_path(call, &arguments[0], Happening::Folder),
            "unlink" | "rmdir" => self.note_path(call, &arguments[0], Happening::Remove),
            "unlinkat" => {
                if let Some(path) = self.at(&arguments[0], &arguments[1]) {
                    self.note(call.ended, Happening::Remove(path));
                }
            }
            "rename" => {
                let (from, to) = (self.path(&arguments[0]), self.path(&arguments[1]));
                if let (Some(from), Some(to)) = (from, to) {
                    self.note(call.ended, Happening::Rename { from, to });
                }
            }
            "linkat" => {
                let from = self.at(&arguments[0], &arguments[1]);
                let to = self.at(&arguments[2], &arguments[3]);
                if let (Some(from), Some(to)) = (from, to) {
                    self.note(call.ended, Happening::Link { from, to });
                }
            }
            "mmap" => self.map(call),
            _ => assert!(
                arguments
                    .iter()
                    .all(|one| self.of_descriptor(one).is_none()),
                "the model does not know {call:?}"
            ),
        }
    }

    fn open(&mut self, call: &Call) {
        self.offsets.insert(call.result, 0);
        let Some(path) = self.at(&call.arguments[0], &call.arguments[1]) else {
            return;
        };
        let has = |flag| call.arguments[2].split('|').any(|one| one == flag);
        assert!(
            !has("O_APPEND") && !has("O_TMPFILE"),
            "the model does not know {call:?}"
        );
        if has("O_CREAT") {
            self.note(call.ended, Happening::Create(path.clone()));
        }
        if has("O_TRUNC") {
            self.note(call.ended, Happening::Truncate { path, length: 0 });
        }
    }

    fn write(&mut self, call: &Call) {
        let Some((file, name)) = descriptor(&call.arguments[0]) else {
            return;
        };
        let mut bytes = quoted(&call.arguments[1]);
        bytes.truncate(usize::try_from(call.result).expect("succeeded"));
        if name.starts_with("socket:") {
            for said in self.conversations.hear(&name, &bytes) {
                // as soon as the kernel has it, somebody may have it
                self.note(call.began, Happening::Said(said));
            }
        }
        let Some(path) = self.of_descriptor(&call.arguments[0]) else {
            return;
        };
        let offset = match call.name.as_str() {
            "pwrite64" => number(&call.arguments[3]),
            _ => {
                let offset = self.offsets.entry(file).or_default();
                let at = *offset;
                *offset += bytes.len() as u64;
                at
            }
        };
        self.note(
            call.ended,
            Happening::Write {
                path,
                offset,
                bytes,
            },
        );
    }

    fn sync(&mut self, call: &Call) {
        let Some(path) = self.of_descriptor(&call.arguments[0]) else {
            return;
        };
        let number = self.syncs;
        self.syncs += 1;
        self.note(call.began, Happening::SyncBegins { path, number });
        self.note(call.ended, Happening::SyncEnds { number });
    }

    /// SQLite's index of a journal is shared memory, and is made anew after a loss of power.
    fn map(&self, call: &Call) {
        let writes = call.arguments[2].contains("PROT_WRITE");
        let is_shared = call.arguments[3].contains("MAP_SHARED");
        if let Some(path) = self
            .of_descriptor(&call.arguments[4])
            .filter(|_| writes && is_shared)
        {
            let is_index = path.to_string_lossy().ends_with("-shm");
            assert!(is_index, "the model does not know {call:?}");
        }
    }

    fn note(&mut self, line: usize, happening: Happening) {
        self.happenings.push((line, happening));
    }

    fn note_path(&mut self, call: &Call, argument: &str, what: impl Fn(PathBuf) -> Happening) {
        if let Some(path) = self.path(argument) {
            self.note(call.ended, what(path));
        }
    }

    fn path(&self, argument: &str) -> Option<PathBuf> {
        let path = String::from_utf8(quoted(argument)).expect("text");
        self.below(&self.root.join(path))
    }

    fn at(&self, folder: &str, argument: &str) -> Option<PathBuf> {
        let path = String::from_utf8(quoted(argument)).expect("text");
        let folder = descriptor(folder).map_or(self.root.to_owned(), |(_, name)| name.into());
        self.below(&folder.join(path))
    }

    /// `None`: it is elsewhere, has no name any more, or is no file.
    fn of_descriptor(&self, argument: &str) -> Option<PathBuf> {
        let (_, name) = descriptor(argument)?;
        match name.ends_with("(deleted)") {
            true => None,
            false => self.below(Path::new(&name)),
        }
    }

    fn below(&self, path: &Path) -> Option<PathBuf> {
        path.strip_prefix(self.root).ok().map(Path::to_owned)
    }
}

fn file_number(argument: &str) -> i64 {
    descriptor(argument).map_or(-1, |(number, _)| number)
}

fn number(argument: &str) -> u64 {
    argument.parse().expect("a number")
}
