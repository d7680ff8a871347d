//! Old objects go away by themselves, if that is asked for: one rule of the bucket's lifecycle.

use rusoto_s3::{
    BucketLifecycleConfiguration, GetBucketLifecycleConfigurationRequest, LifecycleExpiration,
    LifecycleRule, LifecycleRuleFilter, PutBucketLifecycleConfigurationRequest, S3,
};

use super::bucket::unless_absent;
use super::{ObjectStore, ObjectsError};
use crate::settings::BucketName;

const NAME: &str = "horde-expire";

/// What a bucket does with old objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    Keeps,
    /// Deletes each after so many days, by the rule that is set here.
    Expires {
        days: u32,
    },
    /// Has rules that somebody else has set.
    Foreign,
}

impl ObjectStore {
    pub async fn lifecycle(&self, bucket: &BucketName) -> Result<Lifecycle, ObjectsError> {
        let request = GetBucketLifecycleConfigurationRequest {
            bucket: bucket.to_string(),
            ..GetBucketLifecycleConfigurationRequest::default()
        };
        let answer = self
            .client
            .get_bucket_lifecycle_configuration(request)
            .await;
        let answer = answer.map_err(|error| self.failed("read the lifecycle", error));
        let answer = unless_absent(answer, "NoSuchLifecycleConfiguration")?;
        let rules = answer.and_then(|answer| answer.rules).unwrap_or_default();
        Ok(match rules.as_slice() {
            [] => Lifecycle::Keeps,
            [rule] => match days_of(rule) {
                Some(days) => Lifecycle::Expires { days },
                None => Lifecycle::Foreign,
            },
            _ => Lifecycle::Foreign,
        })
    }

    /// Deletes objects after so many days; replaces all rules that are there.
    pub async fn expire_after(&self, bucket: &BucketName, days: u32) -> Result<(), ObjectsError> {
        let rule = LifecycleRule {
            id: Some(NAME.to_owned()),
            status: "Enabled".to_owned(),
            filter: Some(LifecycleRuleFilter {
                prefix: Some(String::new()),
                ..LifecycleRuleFilter::default()
            }),
            expiration: Some(LifecycleExpiration {
                days: Some(days.into()),
                ..LifecycleExpiration::default()
            }),
            ..LifecycleRule::default()
        };
        let request = PutBucketLifecycleConfigurationRequest {
            bucket: bucket.to_string(),
            lifecycle_configuration: Some(BucketLifecycleConfiguration { rules: vec![rule] }),
            ..PutBucketLifecycleConfigurationRequest::default()
        };
        let answer = self
            .client
            .put_bucket_lifecycle_configuration(request)
            .await;
        answer.map_err(|error| self.failed("set the lifecycle", error))
    }
}

/// Of our own rule, if it is that and in force.
fn days_of(rule: &LifecycleRule) -> Option<u32> {
    let is_ours = rule.id.as_deref() == Some(NAME) && rule.status == "Enabled";
    let days = rule.expiration.as_ref()?.days?;
    is_ours.then(|| u32::try_from(days).ok()).flatten()
}
