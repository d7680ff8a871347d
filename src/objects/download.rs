//! Fetches an object into a new file, piece by piece, and goes on where a connection broke.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;
use tokio::time::sleep;

use super::ask::{Ask, READ};
use super::{ObjectStore, ObjectsError};
use crate::http::Body;
use crate::settings::BucketName;

/// Before each time that it is taken up again.
const PAUSES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(4),
];

/// The file as far as it has come. Removed when this is dropped, unless it was kept.
struct Partial {
    path: PathBuf,
    file: File,
    received: u64,
    /// The server's tag of the one object that is being read, once it is known.
    tag: Option<String>,
    is_kept: bool,
}

impl ObjectStore {
    /// Writes an object into a new file of mode 0600, which is synced. A connection that breaks is
    /// taken up again where it broke, 3 times. `on_bytes` is told the bytes of each piece.
    ///
    /// # Errors
    /// The file exists or cannot be written; the server cannot be reached or refuses; the object
    /// has more than `most` bytes, or another took its place meanwhile. No file is left then.
    pub async fn download(
        &self,
        bucket: &BucketName,
        key: &str,
        into: &Path,
        most: u64,
        on_bytes: impl Fn(u64),
    ) -> Result<(), ObjectsError> {
        let mut partial = Partial::create(into).await?;
        let mut pauses = PAUSES.iter();
        loop {
            let rest = self.rest(bucket, key, &mut partial, most, &on_bytes).await;
            let Err(error) = rest else {
                return partial.keep().await;
            };
            let is_resumable = partial.received == 0 || partial.tag.is_some();
            match pauses.next().filter(|_| resumes(&error) && is_resumable) {
                Some(pause) => {
                    tracing::debug!(%error, partial.received, "it is taken up again");
                    sleep(*pause).await;
                }
                None => return Err(error),
            }
        }
    }

    async fn rest(
        &self,
        bucket: &BucketName,
        key: &str,
        partial: &mut Partial,
        most: u64,
        on_bytes: &impl Fn(u64),
    ) -> Result<(), ObjectsError> {
        let range = format!("bytes={}-", partial.received);
        let tag = partial.tag.clone().unwrap_or_default();
        let headers = [("range", range.as_str()), ("if-match", tag.as_str())];
        let ask = Ask {
            // nothing of an object is no range
            headers: if partial.received > 0 { &headers } else { &[] },
            limits: READ,
            ..Ask::new("GET", bucket, key, "read an object")
        };
        let replaced = || ObjectsError::Replaced {
            server: self.endpoint.clone(),
            key: key.to_owned(),
        };
        let mut answer = match self.ask(&ask).await {
            Err(ObjectsError::Refused { status: 412, .. }) => return Err(replaced()),
            answer => answer?,
        };
        let too_large = || ObjectsError::TooLarge {
            what: format!("{key} on {}", self.endpoint),
            most,
        };
        let length = answer.header("content-length");
        let length = length.and_then(|text| text.parse::<u64>().ok());
        if length.is_some_and(|length| length > most - partial.received) {
            return Err(too_large());
        }
        let tag = answer.header("etag").map(str::to_owned);
        if partial.received == 0 {
            partial.tag = tag;
        } else if tag != partial.tag {
            return Err(replaced());
        } else if !goes_on_at(&answer, partial.received) {
            return Err(self.unreadable(&ask, "it does not go on where the last one broke"));
        }
        let broken = |error| ObjectsError::from_http(&self.endpoint, ask.action, &error);
        while let Some(piece) = answer.piece().await.map_err(broken)? {
            let piece = piece.as_ref();
            if piece.len() as u64 > most - partial.received {
                return Err(too_large());
            }
            partial.write(piece).await?;
            on_bytes(piece.len() as u64);
        }
        Ok(())
    }
}

/// One that was replaced begins anew in another download, not in this one.
fn resumes(error: &ObjectsError) -> bool {
    error.is_passing() && !matches!(error, ObjectsError::Replaced { .. })
}

fn goes_on_at(answer: &Body, received: u64) -> bool {
    let range = answer.header("content-range").unwrap_or_default();
    answer.status() == 206 && range.starts_with(&format!("bytes {received}-"))
}

impl Partial {
    async fn create(path: &Path) -> Result<Self, ObjectsError> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .await;
        Ok(Self {
            path: path.to_owned(),
            file: file.map_err(|error| ObjectsError::from_file("make", path, &error))?,
            received: 0,
            tag: None,
            is_kept: false,
        })
    }

    async fn write(&mut self, piece: &[u8]) -> Result<(), ObjectsError> {
        let written = self.file.write_all(piece).await;
        written.map_err(|error| ObjectsError::from_file("write", &self.path, &error))?;
        self.received += piece.len() as u64;
        Ok(())
    }

    async fn keep(mut self) -> Result<(), ObjectsError> {
        let failed = |error| ObjectsError::from_file("write", &self.path, &error);
        self.file.flush().await.map_err(failed)?;
        self.file.sync_all().await.map_err(failed)?;
        self.is_kept = true;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.is_kept {
            // nobody is left to be told
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
