//! Raw metadata kept on disk from pass to pass, one file per chain and spec version. Only a
//! saving: whatever goes wrong here means one download more. The content is checked by decoding
//! it, which the reader does anyway.

use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use super::Hash;

/// Real metadata has 45 to 350 kB; a larger file is not ours.
const LARGEST: u64 = 8 << 20;

#[derive(Debug, Clone)]
pub(super) struct MetadataCache {
    folder: PathBuf,
    genesis: Hash,
}

impl MetadataCache {
    pub(super) fn new(folder: PathBuf, genesis: Hash) -> Self {
        Self { folder, genesis }
    }

    pub(super) fn read(&self, spec_version: u32) -> Option<Vec<u8>> {
        let file = std::fs::File::open(self.path(spec_version)).ok()?;
        let mut metadata = Vec::new();
        file.take(LARGEST).read_to_end(&mut metadata).ok()?;
        Some(metadata)
    }

    /// Written aside and renamed, so that a pass that dies leaves no half of a file.
    pub(super) fn write(&self, spec_version: u32, metadata: &[u8]) {
        let path = self.path(spec_version);
        let aside = path.with_extension(format!("{}.new", std::process::id()));
        let written = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&aside)
            .and_then(|mut file| file.write_all(metadata))
            .and_then(|()| std::fs::rename(&aside, &path));
        if let Err(error) = written {
            tracing::debug!(path = %path.display(), %error, "metadata not kept");
        }
    }

    fn path(&self, spec_version: u32) -> PathBuf {
        let chain = hex::encode(&self.genesis.bytes()[..8]);
        self.folder
            .join(format!("metadata-{chain}-{spec_version}.scale"))
    }
}
