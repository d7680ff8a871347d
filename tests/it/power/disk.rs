//! A disk that forgets what was not synced when power goes.
//!
//! Of a file that was written since it was synced, any sectors may be there, in any order, and any
//! of its lengths. Names are kept in one of two ways: as ext4 and xfs do, whose journal keeps names
//! in order and is written out by any sync; or as POSIX alone promises, where a name is there for
//! sure only once its folder was synced, and any others may be there or not. A rename is one step
//! in both. Memory that is mapped is not modelled.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use rand::Rng;
use rand::rngs::StdRng;

use super::file::{Change, File};
use super::log::Happening;

/// Files and folders by their paths; `None` is a folder.
pub(super) type Image = BTreeMap<PathBuf, Option<Vec<u8>>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    Journalled,
    Posix,
}

#[derive(Debug)]
enum Node {
    File(File),
    Folder(BTreeMap<String, usize>),
}

/// The names in each folder, by its number.
type Folders = BTreeMap<usize, BTreeMap<String, usize>>;

/// Names that change together, first in the folder whose sync makes them durable.
#[derive(Debug)]
struct Naming {
    at: usize,
    changes: Vec<(usize, String, Option<usize>)>,
    is_durable: bool,
}

#[derive(Debug)]
pub(super) struct Disk {
    /// As programs see them. The first is the root.
    nodes: Vec<Node>,
    /// As they were at first.
    base: Folders,
    namings: Vec<Naming>,
    names: Names,
    /// What has happened, counted.
    clock: usize,
    syncs: BTreeMap<usize, (usize, usize)>,
}

impl Disk {
    /// All of the image is durable.
    pub(super) fn new(image: &Image, names: Names) -> Self {
        let mut disk = Self {
            nodes: vec![Node::Folder(BTreeMap::new())],
            base: BTreeMap::new(),
            namings: Vec::new(),
            names,
            clock: 0,
            syncs: BTreeMap::new(),
        };
        for (path, content) in image {
            let node = match content {
                None => Node::Folder(BTreeMap::new()),
                Some(bytes) => Node::File(File::holding(bytes.clone())),
            };
            let node = disk.add(node);
            let (folder, name) = disk.parent(path).expect("parents come first");
            disk.folder_mut(folder).insert(name, node);
        }
        for (number, node) in disk.nodes.iter().enumerate() {
            if let Node::Folder(names) = node {
                disk.base.insert(number, names.clone());
            }
        }
        disk
    }

    pub(super) fn happen(&mut self, happening: &Happening) {
        self.clock += 1;
        match happening {
            Happening::Create(path) => {
                if self.find(path).is_none() {
                    self.make(path, Node::File(File::default()));
                }
            }
            Happening::Folder(path) => {
                self.make(path, Node::Folder(BTreeMap::new()));
            }
            Happening::Write {
                path,
                offset,
                bytes,
            } => {
                let (offset, bytes) = (*offset, bytes.clone());
                self.change(path, Change::Write { offset, bytes });
            }
            Happening::Truncate { path, length } => self.change(path, Change::Truncate(*length)),
            Happening::SyncBegins { path, number } => {
                if let Some(node) = self.find(path) {
                    self.syncs.insert(*number, (node, self.clock));
                }
            }
            Happening::SyncEnds { number } => {
                if let Some((node, since)) = self.syncs.remove(number) {
                    self.synced(node, since);
                }
            }
            Happening::Rename { from, to } => self.rename(from, to),
            Happening::Link { from, to } => {
                let node = self.find(from).expect("it is there");
                let (folder, name) = self.parent(to).expect("it is there");
                self.name(vec![(folder, name, Some(node))]);
            }
            Happening::Remove(path) => {
                let (folder, name) = self.parent(path).expect("it is there");
                self.name(vec![(folder, name, None)]);
            }
            Happening::Said(_) | Happening::Ended => (),
        }
    }

    /// What programs see.
    pub(super) fn visible(&self) -> Image {
        let names = |node: &Node| match node {
            Node::Folder(names) => Some(names.clone()),
            Node::File(_) => None,
        };
        let folders = (0..).zip(self.nodes.iter().map(names));
        let folders = folders.filter_map(|(node, names)| Some((node, names?)));
        self.image(&folders.collect(), &mut || true)
    }

    /// What is there when power comes back. Of what is not durable, each sector, length and name
    /// survives with the probability `luck`.
    pub(super) fn after_power_loss(&self, luck: f64, random: &mut StdRng) -> Image {
        let mut folders = self.base.clone();
        // a journal keeps order: what it holds is a beginning
        let mut is_lost = false;
        for naming in &self.namings {
            let mut survives = naming.is_durable || random.random_bool(luck);
            if self.names == Names::Journalled {
                is_lost |= !survives;
                survives = !is_lost;
            }
            for (folder, name, node) in naming.changes.iter().filter(|_| survives) {
                let names = folders.entry(*folder).or_default();
                match node {
                    Some(node) => names.insert(name.clone(), *node),
                    None => names.remove(name),
                };
            }
        }
        self.image(&folders, &mut || random.random_bool(luck))
    }

    /// What the root leads to, by these names.
    fn image(&self, folders: &Folders, survives: &mut dyn FnMut() -> bool) -> Image {
        let mut image = Image::new();
        let mut waiting = vec![(PathBuf::new(), 0)];
        while let Some((path, folder)) = waiting.pop() {
            for (name, node) in folders.get(&folder).into_iter().flatten() {
                let path = path.join(name);
                let content = match &self.nodes[*node] {
                    Node::File(file) => Some(file.content(survives)),
                    Node::Folder(_) => {
                        waiting.push((path.clone(), *node));
                        None
                    }
                };
                image.insert(path, content);
            }
        }
        image
    }

    fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn make(&mut self, path: &Path, node: Node) {
        let node = self.add(node);
        let (folder, name) = self.parent(path).expect("its folder is there");
        self.name(vec![(folder, name, Some(node))]);
    }

    fn rename(&mut self, from: &Path, to: &Path) {
        let node = self.find(from).expect("it is there");
        let (source, old) = self.parent(from).expect("it is there");
        let (target, new) = self.parent(to).expect("it is there");
        self.name(vec![(target, new, Some(node)), (source, old, None)]);
    }

    fn name(&mut self, changes: Vec<(usize, String, Option<usize>)>) {
        for (folder, name, node) in &changes {
            let names = self.folder_mut(*folder);
            match node {
                Some(node) => names.insert(name.clone(), *node),
                None => names.remove(name),
            };
        }
        self.namings.push(Naming {
            at: self.clock,
            changes,
            is_durable: false,
        });
    }

    fn change(&mut self, path: &Path, change: Change) {
        let node = self
            .find(path)
            .unwrap_or_else(|| panic!("{path:?} is not there"));
        match &mut self.nodes[node] {
            Node::File(file) => file.change(self.clock, change),
            Node::Folder(_) => panic!("{path:?} is a folder"),
        }
    }

    fn synced(&mut self, node: usize, since: usize) {
        if let Node::File(file) = &mut self.nodes[node] {
            file.synced(since);
        }
        for naming in self.namings.iter_mut().filter(|naming| naming.at < since) {
            naming.is_durable |= match self.names {
                Names::Journalled => true,
                Names::Posix => naming.changes[0].0 == node,
            };
        }
    }

    fn find(&self, path: &Path) -> Option<usize> {
        let mut node = 0;
        for part in path.components() {
            let Component::Normal(name) = part else {
                panic!("{path:?} is not below the root")
            };
            let Node::Folder(names) = &self.nodes[node] else {
                return None;
            };
            node = *names.get(name.to_str().expect("text"))?;
        }
        Some(node)
    }

    fn parent(&self, path: &Path) -> Option<(usize, String)> {
        let name = path.file_name()?.to_str().expect("text").to_owned();
        Some((self.find(path.parent()?)?, name))
    }

    fn folder_mut(&mut self, node: usize) -> &mut BTreeMap<String, usize> {
        match &mut self.nodes[node] {
            Node::Folder(names) => names,
            Node::File(_) => panic!("no folder"),
        }
    }
}
