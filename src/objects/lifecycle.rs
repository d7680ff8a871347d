//! Old objects go away by themselves, if that is asked for: one rule of the bucket's lifecycle.

use rusoto_s3::{
    BucketLifecycleConfiguration, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
    PutBucketLifecycleConfigurationRequest, S3,
};

use super::ask::Ask;
use super::bucket::unless_absent;
use super::xml::{insides, text_of};
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

impl Lifecycle {
    /// What a server answers.
    pub fn parse(xml: &str) -> Self {
        let mut rules = insides(xml, "Rule");
        match (rules.next(), rules.next()) {
            (None, _) => Self::Keeps,
            (Some(rule), None) => {
                days_of(rule).map_or(Self::Foreign, |days| Self::Expires { days })
            }
            (Some(_), Some(_)) => Self::Foreign,
        }
    }
}

impl ObjectStore {
    pub async fn lifecycle(&self, bucket: &BucketName) -> Result<Lifecycle, ObjectsError> {
        let ask = Ask {
            query: &[("lifecycle", "")],
            ..Ask::new("GET", bucket, "", "read the lifecycle")
        };
        let answer = self.ask_text(&ask).await;
        let answer = unless_absent(answer, "NoSuchLifecycleConfiguration")?;
        Ok(answer.map_or(Lifecycle::Keeps, |xml| Lifecycle::parse(&xml)))
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
fn days_of(rule: &str) -> Option<u32> {
    let is = |name, text: &str| text_of(rule, name).is_some_and(|found| found.trim() == text);
    let expiration = insides(rule, "Expiration").next()?;
    let days = text_of(expiration, "Days")?.trim().parse().ok()?;
    (is("ID", NAME) && is("Status", "Enabled")).then_some(days)
}
