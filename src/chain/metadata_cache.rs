//! Raw metadata kept on disk from pass to pass, one file per chain and spec version: its SHA-256,
//! then itself. Only a saving: whatever goes wrong here means one download more. Decoding alone
//! would not notice a sector that was lost with the power: what stood in it would be missing.

use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::Hash;

/// Real metadata has 45 to 350 kB; a larger file is not ours.
const LARGEST: u64 = 8 << 20;
const SUM: usize = 32;

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
        let mut content = Vec::new();
        file.take(LARGEST).read_to_end(&mut content).ok()?;
        let (sum, metadata) = content.split_at_checked(SUM)?;
        (*sum == *Sha256::digest(metadata)).then(|| metadata.to_vec())
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
            .and_then(|mut file| {
                file.write_all(&Sha256::digest(metadata))?;
                file.write_all(metadata)
            })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_comes_back_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = MetadataCache::new(folder.path().to_owned(), Hash::new([7; 32]));
        assert_eq!(cache.read(218), None);
        let metadata = vec![0x6d; 2000];
        cache.write(218, &metadata);
        assert_eq!(cache.read(218), Some(metadata));
        assert_eq!(cache.read(219), None);

        let path = cache.path(218);
        let mut kept = std::fs::read(&path).expect("kept");
        kept[512..1024].fill(0);
        std::fs::write(&path, &kept).expect("written");
        assert_eq!(cache.read(218), None, "a sector was lost");
        std::fs::write(&path, &kept[..20]).expect("written");
        assert_eq!(cache.read(218), None, "it was cut");
    }
}
