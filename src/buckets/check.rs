//! Looks whether both buckets are right, changes nothing, and finds everything that is wrong. Only
//! the probe of the proof is written and deleted.

use std::fmt;

use super::Wanted;
use super::error::{BucketsError, Trouble};
use super::proof;
use crate::objects::{AccessBlock, Lifecycle, ObjectStore, Standing};
use crate::settings::BucketName;

/// One thing that is wrong with a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub bucket: BucketName,
    pub what: String,
    pub to_do: Option<&'static str>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.bucket, self.what)
    }
}

/// What a run without `--check` puts right.
const RUN: Option<&str> = Some("run it without --check");

/// # Errors
/// The server cannot be reached, or knows nothing of this key pair.
pub async fn check(store: &ObjectStore, wanted: &Wanted) -> Result<Vec<Problem>, BucketsError> {
    let mut problems = Vec::new();
    for (bucket, days) in wanted.each()? {
        let found = findings(store, bucket, days, wanted).await;
        let found = found.map_err(|trouble| BucketsError::Check(Box::new(trouble)))?;
        problems.extend(found.into_iter().map(|(what, to_do)| Problem {
            bucket: bucket.clone(),
            what,
            to_do,
        }));
    }
    Ok(problems)
}

type Finding = (String, Option<&'static str>);

async fn findings(
    store: &ObjectStore,
    bucket: &BucketName,
    days: Option<u32>,
    wanted: &Wanted,
) -> Result<Vec<Finding>, Trouble> {
    let region = store.region().to_owned();
    let trouble = match store.standing(bucket).await? {
        Standing::Absent => return Ok(vec![("it does not exist".to_owned(), RUN)]),
        Standing::Foreign => Trouble::Taken,
        Standing::Own { region: found } if found != region => Trouble::Elsewhere {
            found,
            wanted: region,
        },
        Standing::Own { .. } => return details(store, bucket, days, wanted).await,
    };
    Ok(vec![(trouble.to_string(), trouble.advice())])
}

async fn details(
    store: &ObjectStore,
    bucket: &BucketName,
    days: Option<u32>,
    wanted: &Wanted,
) -> Result<Vec<Finding>, Trouble> {
    let mut found = Vec::new();
    match store.policy(bucket).await? {
        None => found.push(("it has no policy, so nobody may read it".to_owned(), RUN)),
        Some(policy) if store.is_public_read(&policy, bucket) => {}
        Some(policy) => found.push((format!("its policy is another one: {policy}"), RUN)),
    }
    match store.access_block(bucket).await? {
        None => found.push(("it has no public access block".to_owned(), RUN)),
        Some(block) => found.extend(wrong_switches(block).map(|what| (what, RUN))),
    }
    if let Some(days) = days {
        let lifecycle = store.lifecycle(bucket).await?;
        let trouble = Trouble::OtherRules;
        match lifecycle {
            Lifecycle::Expires { days: found } if found == days => {}
            Lifecycle::Expires { days: after } => found.push((
                format!("its objects are deleted after {after} days, not after {days}"),
                RUN,
            )),
            Lifecycle::Keeps => found.push(("old objects stay for ever".to_owned(), RUN)),
            Lifecycle::Foreign => found.push((trouble.to_string(), trouble.advice())),
        }
    }
    // what was set just now may need a moment to count; what is wrong stays so
    let patience = match found.is_empty() {
        true => wanted.patience,
        false => std::time::Duration::ZERO,
    };
    match proof::prove(store, bucket, patience).await {
        Ok(()) => Ok(found),
        Err(trouble) if trouble.is_passing() => Err(trouble),
        Err(trouble) => {
            found.push((trouble.to_string(), trouble.advice()));
            Ok(found)
        }
    }
}

fn wrong_switches(found: AccessBlock) -> impl Iterator<Item = String> {
    let wanted = AccessBlock::POLICY_ONLY;
    let pairs = [
        ("BlockPublicAcls", found.block_acls, wanted.block_acls),
        ("IgnorePublicAcls", found.ignore_acls, wanted.ignore_acls),
        ("BlockPublicPolicy", found.block_policy, wanted.block_policy),
        (
            "RestrictPublicBuckets",
            found.restrict_buckets,
            wanted.restrict_buckets,
        ),
    ];
    let wrong = pairs
        .into_iter()
        .filter(|(_, found, wanted)| found != wanted);
    wrong.map(|(name, found, wanted)| {
        format!("{name} of its public access block is {found}, it should be {wanted}")
    })
}
