//! The two buckets of the pipeline: where objects are uploaded to, and where they are read.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::http::{Client, HttpError};
use crate::objects::ObjectStore;
use crate::settings::{BucketName, Environment, SettingsError};

/// How long a job may take until it uploads.
const UPLOAD_VALID: Duration = Duration::from_secs(3_600);

#[derive(Debug, Clone)]
pub struct Buckets {
    store: ObjectStore,
    prompts: BucketName,
    answers: BucketName,
}

/// Where one object goes and where everybody finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Whoever has it can upload the object.
    pub upload_url: String,
    pub public_url: String,
}

impl Buckets {
    /// `None` if they are not set.
    ///
    /// # Errors
    /// Only a part of the settings is there.
    pub fn from_settings(environment: &Environment) -> Result<Option<Self>, SettingsError> {
        let (Some(store), Some(names)) = (
            ObjectStore::from_settings(environment)?,
            environment.prompt_buckets()?,
        ) else {
            return Ok(None);
        };
        Ok(Some(Self {
            store,
            prompts: names.prompts,
            answers: names.answers,
        }))
    }

    pub(super) fn prompts(&self, key: &str) -> Place {
        self.place(&self.prompts, key)
    }

    pub(crate) fn answers(&self, key: &str) -> Place {
        self.place(&self.answers, key)
    }

    fn place(&self, bucket: &BucketName, key: &str) -> Place {
        let upload = self.store.presigned_put(bucket, key, UPLOAD_VALID);
        let upload = upload.expect("keys are made of uuids, and an hour is allowed");
        Place {
            upload_url: upload.reveal().to_owned(),
            public_url: self.store.public_url(bucket, key),
        }
    }
}

/// Uploads an object of our own.
pub(crate) async fn upload(client: &Client, place: &Place, text: String) -> Result<(), HttpError> {
    let body = text.into_bytes();
    client.put(&place.upload_url, &BTreeMap::new(), body).await
}
