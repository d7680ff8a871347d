//! What everybody may do with a bucket, by its policy and its public access block. Of policies it
//! understands what is written to let everybody read.

use serde_json::Value;

use super::state::{Block, Bucket};

/// Whether everybody may read the bucket's objects.
pub(super) fn may_read(bucket: &Bucket, name: &str) -> bool {
    let is_restricted = bucket.block.is_some_and(|block| block.restrict_buckets);
    let policy = bucket.policy.as_deref().unwrap_or_default();
    !is_restricted && is_public(policy, name)
}

/// Whether the access block lets this policy be set.
pub(super) fn may_be_set(policy: &str, name: &str, block: Option<Block>) -> bool {
    let is_blocked = block.is_some_and(|block| block.block_policy);
    !is_blocked || !is_public(policy, name)
}

fn is_public(policy: &str, name: &str) -> bool {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let among = |value: &Value, wanted: &[&str]| match value {
        Value::String(text) => wanted.contains(&text.as_str()),
        Value::Array(list) => list
            .iter()
            .any(|one| one.as_str().is_some_and(|text| wanted.contains(&text))),
        _ => false,
    };
    let objects = format!("arn:aws:s3:::{name}/*");
    let touches_everybody = |statement: &Value| {
        let principal = &statement["Principal"];
        (among(principal, &["*"]) || among(&principal["AWS"], &["*"]))
            && among(&statement["Action"], &["s3:GetObject", "s3:*", "*"])
            && among(&statement["Resource"], &[&objects, "*"])
    };
    let statements = match &policy["Statement"] {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let any = |effect: &str| {
        let mut statements = statements.iter();
        statements.any(|one| one["Effect"] == effect && touches_everybody(one))
    };
    any("Allow") && !any("Deny")
}
