//! What can be asked of a bucket and done to it, each one request, in our own types.

use std::error::Error;

use rusoto_core::RusotoError;
use rusoto_s3::DeleteObjectRequest;
use rusoto_s3::{
    CreateBucketConfiguration, CreateBucketError, CreateBucketRequest,
    DeletePublicAccessBlockRequest, GetBucketLocationRequest, GetBucketPolicyRequest,
    PublicAccessBlockConfiguration, PutBucketPolicyRequest, PutPublicAccessBlockRequest, S3,
};

use super::ask::Ask;
use super::public::{AccessBlock, is_public_read, public_read_policy};
use super::{ObjectStore, ObjectsError};
use crate::settings::BucketName;

/// The region that must not be named when a bucket is made there.
const FIRST_REGION: &str = "us-east-1";

/// Whose bucket it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Absent,
    Own {
        region: String,
    },
    /// Somebody else's, or this key pair may not even ask.
    Foreign,
}

impl ObjectStore {
    /// # Errors
    /// The server cannot be reached, or takes the key pair for a wrong one.
    pub async fn standing(&self, bucket: &BucketName) -> Result<Standing, ObjectsError> {
        let request = GetBucketLocationRequest {
            bucket: bucket.to_string(),
            ..GetBucketLocationRequest::default()
        };
        let location = self.client.get_bucket_location(request).await;
        let region = match location.map_err(|error| self.failed("look at the bucket", error)) {
            Ok(location) => region_of(location.location_constraint),
            Err(error) => {
                return match error.code() {
                    Some("NoSuchBucket" | "status 404") => Ok(Standing::Absent),
                    Some("AccessDenied" | "AllAccessDisabled" | "status 403") => {
                        Ok(Standing::Foreign)
                    }
                    _ => Err(error),
                };
            }
        };
        // its owner may let everybody ask where it is, so that the answer alone proves nothing
        match self.client.list_buckets().await {
            Ok(list) => {
                let own = list.buckets.unwrap_or_default();
                let is_own = |one: &rusoto_s3::Bucket| one.name.as_deref() == Some(bucket.as_str());
                Ok(match own.iter().any(is_own) {
                    true => Standing::Own { region },
                    false => Standing::Foreign,
                })
            }
            Err(error) => match self.failed("list the buckets", error) {
                error if error.code() == Some("AccessDenied") => Ok(Standing::Own { region }),
                error => Err(error),
            },
        }
    }

    /// Makes it in the region of the settings; one's own that is there already is success.
    ///
    /// # Errors
    /// As for every request; the code `BucketAlreadyExists` where somebody else has the name.
    pub async fn create(&self, bucket: &BucketName) -> Result<(), ObjectsError> {
        let constraint = (self.region() != FIRST_REGION).then(|| CreateBucketConfiguration {
            location_constraint: Some(self.region().to_owned()),
        });
        let request = CreateBucketRequest {
            bucket: bucket.to_string(),
            create_bucket_configuration: constraint,
            ..CreateBucketRequest::default()
        };
        let named = |error: &CreateBucketError| match error {
            CreateBucketError::BucketAlreadyExists(_) => (409, "BucketAlreadyExists"),
            CreateBucketError::BucketAlreadyOwnedByYou(_) => (409, "BucketAlreadyOwnedByYou"),
        };
        let Err(error) = self.client.create_bucket(request).await else {
            return Ok(());
        };
        match ObjectsError::from_rusoto(&self.endpoint, "make the bucket", error, named) {
            error if error.code() == Some("BucketAlreadyOwnedByYou") => Ok(()),
            error => Err(error),
        }
    }

    /// `None`: there is none.
    pub async fn access_block(
        &self,
        bucket: &BucketName,
    ) -> Result<Option<AccessBlock>, ObjectsError> {
        let ask = Ask {
            query: &[("publicAccessBlock", "")],
            ..Ask::new("GET", bucket, "", "read the public access block")
        };
        let answer = self.ask_text(&ask).await;
        let answer = unless_absent(answer, "NoSuchPublicAccessBlockConfiguration")?;
        let block = answer.map(|xml| AccessBlock::parse(&xml)).transpose();
        block.map_err(|finding| self.unreadable(&ask, finding))
    }

    pub async fn remove_access_block(&self, bucket: &BucketName) -> Result<(), ObjectsError> {
        let request = DeletePublicAccessBlockRequest {
            bucket: bucket.to_string(),
            ..DeletePublicAccessBlockRequest::default()
        };
        let answer = self.client.delete_public_access_block(request).await;
        answer.map_err(|error| self.failed("remove the public access block", error))
    }

    pub async fn set_access_block(
        &self,
        bucket: &BucketName,
        block: AccessBlock,
    ) -> Result<(), ObjectsError> {
        let request = PutPublicAccessBlockRequest {
            bucket: bucket.to_string(),
            public_access_block_configuration: PublicAccessBlockConfiguration {
                block_public_acls: Some(block.block_acls),
                ignore_public_acls: Some(block.ignore_acls),
                block_public_policy: Some(block.block_policy),
                restrict_public_buckets: Some(block.restrict_buckets),
            },
            ..PutPublicAccessBlockRequest::default()
        };
        let answer = self.client.put_public_access_block(request).await;
        answer.map_err(|error| self.failed("set the public access block", error))
    }

    /// As JSON; `None`: there is none.
    pub async fn policy(&self, bucket: &BucketName) -> Result<Option<String>, ObjectsError> {
        let request = GetBucketPolicyRequest {
            bucket: bucket.to_string(),
            ..GetBucketPolicyRequest::default()
        };
        let answer = self.client.get_bucket_policy(request).await;
        let answer = answer.map_err(|error| self.failed("read the policy", error));
        let answer = unless_absent(answer, "NoSuchBucketPolicy")?;
        Ok(answer.and_then(|answer| answer.policy))
    }

    /// Whether this policy lets everybody read the bucket's objects, and does no more.
    pub fn is_public_read(&self, policy: &str, bucket: &BucketName) -> bool {
        is_public_read(policy, bucket, self.region())
    }

    /// Lets everybody read the bucket's objects; replaces the policy that is there.
    pub async fn set_public_read(&self, bucket: &BucketName) -> Result<(), ObjectsError> {
        let request = PutBucketPolicyRequest {
            bucket: bucket.to_string(),
            policy: public_read_policy(bucket, self.region()).to_string(),
            ..PutBucketPolicyRequest::default()
        };
        let answer = self.client.put_bucket_policy(request).await;
        answer.map_err(|error| self.failed("set the policy", error))
    }

    /// One that is not there is deleted, too.
    pub async fn delete_object(&self, bucket: &BucketName, key: &str) -> Result<(), ObjectsError> {
        let request = DeleteObjectRequest {
            bucket: bucket.to_string(),
            key: key.to_owned(),
            ..DeleteObjectRequest::default()
        };
        let answer = self.client.delete_object(request).await;
        answer.map_err(|error| self.failed("delete an object", error))?;
        Ok(())
    }

    /// For operations whose refusals rusoto has no types for.
    pub(super) fn failed<E: Error + 'static>(
        &self,
        action: &'static str,
        error: RusotoError<E>,
    ) -> ObjectsError {
        ObjectsError::from_rusoto(&self.endpoint, action, error, |_| (400, "refused"))
    }
}

/// Takes a refusal of this name for an answer: there is none.
pub(super) fn unless_absent<T>(
    answer: Result<T, ObjectsError>,
    code: &str,
) -> Result<Option<T>, ObjectsError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code() == Some(code) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The oldest regions have names of their own in this one answer.
fn region_of(constraint: Option<String>) -> String {
    match constraint.as_deref() {
        None | Some("") => FIRST_REGION.to_owned(),
        Some("EU") => "eu-west-1".to_owned(),
        Some(region) => region.to_owned(),
    }
}
