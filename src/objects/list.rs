//! What is in a bucket: objects by the beginning of their keys, the length of one, and uploads that
//! were never finished.

use chrono::{DateTime, Utc};

use super::ask::Ask;
use super::page::{Page, Unfinished};
use super::{ObjectStore, ObjectsError};
use crate::settings::BucketName;

const MOST_OBJECTS: usize = 100_000;
/// Of one list; servers put up to 1000 entries on each.
const MOST_PAGES: usize = 1000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectEntry {
    pub key: String,
    pub bytes: u64,
    pub modified: DateTime<Utc>,
}

impl ObjectStore {
    /// All objects whose keys begin with `prefix`, by key.
    ///
    /// # Errors
    /// The server cannot be reached or refuses; there are more than 100,000.
    pub async fn list(
        &self,
        bucket: &BucketName,
        prefix: &str,
    ) -> Result<Vec<ObjectEntry>, ObjectsError> {
        let mut entries = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let query = [
                ("list-type", "2"),
                ("prefix", prefix),
                ("continuation-token", token.as_deref().unwrap_or_default()),
            ];
            let ask = Ask {
                query: &query[..if token.is_some() { 3 } else { 2 }],
                ..Ask::new("GET", bucket, "", "list objects")
            };
            let page = self.ask_text(&ask).await?;
            let page = Page::of_objects(&page).map_err(|finding| self.unreadable(&ask, finding))?;
            entries.extend(page.entries);
            if entries.len() > MOST_OBJECTS {
                break;
            }
            if page.next.is_none() {
                return Ok(entries);
            }
            token = page.next;
        }
        Err(self.too_many("objects"))
    }

    /// How long an object is; `None`: there is no such object.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses.
    pub async fn object_bytes(
        &self,
        bucket: &BucketName,
        key: &str,
    ) -> Result<Option<u64>, ObjectsError> {
        let ask = Ask::new("HEAD", bucket, key, "say how long an object is");
        match self.ask(&ask).await {
            Ok(answer) => {
                let bytes = answer.header("content-length");
                let bytes = bytes.and_then(|text| text.parse().ok());
                let bytes = bytes.ok_or_else(|| self.unreadable(&ask, "it has no length"))?;
                Ok(Some(bytes))
            }
            // such an answer has no body that could say more
            Err(error) if error.code() == Some("status 404") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gives up uploads under `prefix` that began before `before`: the parts of one that was killed
    /// cost money until then. Returns how many.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses.
    pub async fn abort_uploads(
        &self,
        bucket: &BucketName,
        prefix: &str,
        before: DateTime<Utc>,
    ) -> Result<usize, ObjectsError> {
        let mut uploads = self.unfinished_uploads(bucket, prefix).await?;
        uploads.retain(|upload| upload.began < before);
        for upload in &uploads {
            self.abort(bucket, &upload.key, &upload.id).await?;
        }
        Ok(uploads.len())
    }

    /// One that is gone already is given up, too.
    pub(super) async fn abort(
        &self,
        bucket: &BucketName,
        key: &str,
        id: &str,
    ) -> Result<(), ObjectsError> {
        let ask = Ask {
            query: &[("uploadId", id)],
            ..Ask::new("DELETE", bucket, key, "give up an upload")
        };
        match self.ask_text(&ask).await {
            Err(error) if error.code() == Some("NoSuchUpload") => Ok(()),
            answer => answer.map(drop),
        }
    }

    async fn unfinished_uploads(
        &self,
        bucket: &BucketName,
        prefix: &str,
    ) -> Result<Vec<Unfinished>, ObjectsError> {
        let mut uploads = Vec::new();
        let mut after: Option<[String; 2]> = None;
        for _ in 0..MOST_PAGES {
            let [key, id] = after.as_ref().map_or(["", ""], |[key, id]| [key, id]);
            let query = [
                ("uploads", ""),
                ("prefix", prefix),
                ("key-marker", key),
                ("upload-id-marker", id),
            ];
            let ask = Ask {
                query: &query[..if after.is_some() { 4 } else { 2 }],
                ..Ask::new("GET", bucket, "", "list uploads")
            };
            let page = self.ask_text(&ask).await?;
            let page = Page::of_uploads(&page).map_err(|finding| self.unreadable(&ask, finding))?;
            uploads.extend(page.entries);
            if uploads.len() > MOST_OBJECTS {
                break;
            }
            if page.next.is_none() {
                return Ok(uploads);
            }
            after = page.next;
        }
        Err(self.too_many("unfinished uploads"))
    }

    fn too_many(&self, what: &'static str) -> ObjectsError {
        ObjectsError::TooMany {
            server: self.endpoint.clone(),
            what,
            most: MOST_OBJECTS,
        }
    }
}
