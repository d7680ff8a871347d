//! Puts a file into a bucket without reading it into memory as a whole, and asks afterwards whether
//! all of it is there. Does not look at what other uploads have left behind.

use std::path::Path;

use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio_util::bytes::Bytes;

use super::ask::Ask;
use super::attempts::attempted;
use super::xml::{escaped, text_of};
use super::{ObjectStore, ObjectsError};
use crate::settings::BucketName;

/// Of each part but the last, in bytes; what is not larger is sent at once.
const PART: u64 = 8 * 1024 * 1024;
/// What S3 allows.
const MOST_PARTS: u64 = 10_000;

/// Where the parts of one object go.
struct Upload<'a> {
    store: &'a ObjectStore,
    bucket: &'a BucketName,
    key: &'a str,
    id: String,
}

/// A file that is being read in order.
struct Source<'a> {
    path: &'a Path,
    file: File,
    /// When it was opened; more than that is not read.
    bytes: u64,
}

impl ObjectStore {
    /// Puts a file into a bucket: at once up to 8 MiB, else in parts of 8 MiB. What fails in
    /// passing is sent again, 3 attempts in all. The server checks each part by its hash, and the
    /// length of the whole is asked for afterwards. `on_bytes` is told the bytes of each part that
    /// has arrived.
    ///
    /// # Errors
    /// The file cannot be read or has more than 10,000 parts; the server cannot be reached, refuses,
    /// or has another length. Parts that have arrived by then are given up, if the server still
    /// answers.
    pub async fn upload(
        &self,
        bucket: &BucketName,
        key: &str,
        file: &Path,
        on_bytes: impl Fn(u64),
    ) -> Result<(), ObjectsError> {
        let mut source = Source::open(file).await?;
        if source.bytes > PART * MOST_PARTS {
            return Err(ObjectsError::TooLarge {
                what: file.display().to_string(),
                most: PART * MOST_PARTS,
            });
        }
        if source.bytes <= PART {
            let content = source.piece(source.bytes).await?;
            self.put_object(bucket, key, content).await?;
            on_bytes(source.bytes);
        } else {
            let upload = self.begun_upload(bucket, key).await?;
            if let Err(error) = upload.carried_out(&mut source, on_bytes).await {
                upload.abort().await;
                return Err(error);
            }
        }
        self.must_have(bucket, key, source.bytes).await
    }

    /// Writes a short object at once, 3 attempts in all.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses.
    pub async fn put_object(
        &self,
        bucket: &BucketName,
        key: &str,
        content: impl Into<Bytes>,
    ) -> Result<(), ObjectsError> {
        let ask = Ask {
            body: content.into(),
            ..Ask::new("PUT", bucket, key, "write an object")
        };
        attempted(async |_| self.ask_text(&ask).await).await?;
        Ok(())
    }

    async fn begun_upload<'a>(
        &'a self,
        bucket: &'a BucketName,
        key: &'a str,
    ) -> Result<Upload<'a>, ObjectsError> {
        let ask = Ask {
            query: &[("uploads", "")],
            ..Ask::new("POST", bucket, key, "begin an upload")
        };
        let answer = attempted(async |_| self.ask_text(&ask).await).await?;
        let id = text_of(&answer, "UploadId").filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| self.unreadable(&ask, "it has no UploadId"))?;
        Ok(Upload {
            store: self,
            bucket,
            key,
            id: id.into_owned(),
        })
    }

    async fn must_have(
        &self,
        bucket: &BucketName,
        key: &str,
        wanted: u64,
    ) -> Result<(), ObjectsError> {
        match attempted(async |_| self.object_bytes(bucket, key).await).await? {
            Some(found) if found == wanted => Ok(()),
            Some(found) => Err(ObjectsError::Length {
                server: self.endpoint.clone(),
                key: key.to_owned(),
                wanted,
                found,
            }),
            None => Err(ObjectsError::Lost {
                server: self.endpoint.clone(),
                key: key.to_owned(),
            }),
        }
    }
}

impl Upload<'_> {
    async fn carried_out(
        &self,
        source: &mut Source<'_>,
        on_bytes: impl Fn(u64),
    ) -> Result<(), ObjectsError> {
        let mut tags = Vec::new();
        let mut left = source.bytes;
        while left > 0 {
            let bytes = left.min(PART);
            let content = source.piece(bytes).await?;
            tags.push(self.send_part(tags.len() + 1, content).await?);
            on_bytes(bytes);
            left -= bytes;
        }
        self.complete(&tags).await
    }

    /// Returns the server's tag of the part.
    async fn send_part(&self, number: usize, content: Vec<u8>) -> Result<String, ObjectsError> {
        let number = number.to_string();
        let ask = Ask {
            query: &[("partNumber", &number), ("uploadId", &self.id)],
            body: content.into(),
            ..Ask::new("PUT", self.bucket, self.key, "take a part")
        };
        attempted(async |_| {
            let answer = self.store.ask(&ask).await?;
            let tag = answer.header("etag").map(str::to_owned);
            // an answer that breaks off proves nothing
            let rest = answer.bytes().await;
            rest.map_err(|error| {
                ObjectsError::from_http(&self.store.endpoint, ask.action, &error)
            })?;
            tag.ok_or_else(|| self.store.unreadable(&ask, "it has no ETag"))
        })
        .await
    }

    async fn complete(&self, tags: &[String]) -> Result<(), ObjectsError> {
        let parts: String = (1..)
            .zip(tags)
            .map(|(number, tag)| {
                let tag = escaped(tag);
                format!("<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>")
            })
            .collect();
        let ask = Ask {
            query: &[("uploadId", &self.id)],
            headers: &[("content-type", "application/xml")],
            body: format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>").into(),
            ..Ask::new("POST", self.bucket, self.key, "join the parts")
        };
        let joined = attempted(async |before| match self.store.ask_text(&ask).await {
            // an earlier attempt was carried out and its answer lost; the object is looked at next
            Err(error) if before > 0 && error.code() == Some("NoSuchUpload") => Ok(()),
            answer => answer.map(drop),
        });
        joined.await
    }

    /// Best effort: `abort_uploads` finds what stays.
    async fn abort(&self) {
        let aborted = self.store.abort(self.bucket, self.key, &self.id).await;
        if let Err(error) = aborted {
            tracing::warn!(key = self.key, %error, "the parts of a failed upload stay for now");
        }
    }
}

impl<'a> Source<'a> {
    async fn open(path: &'a Path) -> Result<Self, ObjectsError> {
        let failed = |error| ObjectsError::from_file("read", path, &error);
        let file = File::open(path).await.map_err(failed)?;
        let bytes = file.metadata().await.map_err(failed)?.len();
        Ok(Self { path, file, bytes })
    }

    /// At most one part.
    async fn piece(&mut self, bytes: u64) -> Result<Vec<u8>, ObjectsError> {
        let mut piece = vec![0; usize::try_from(bytes).expect("a part fits into memory")];
        let read = self.file.read_exact(&mut piece).await;
        read.map_err(|error| ObjectsError::from_file("read", self.path, &error))?;
        Ok(piece)
    }
}
