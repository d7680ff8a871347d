//! What makes a bucket's objects readable for everybody, and nothing else of it: a policy, and a
//! public access block that lets the policy count. Pure.

use serde_json::{Value, json};

use super::xml::text_of;
use crate::settings::BucketName;

/// The four switches of a bucket's public access block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessBlock {
    pub block_acls: bool,
    pub ignore_acls: bool,
    pub block_policy: bool,
    pub restrict_buckets: bool,
}

impl AccessBlock {
    /// Nobody makes an object public by its own list, the bucket's policy counts.
    pub const POLICY_ONLY: Self = Self {
        block_acls: true,
        ignore_acls: true,
        block_policy: false,
        restrict_buckets: false,
    };

    /// What a server answers; a switch that it leaves out is off.
    ///
    /// # Errors
    /// A switch is neither on nor off.
    pub fn parse(xml: &str) -> Result<Self, &'static str> {
        let switch = |name| match text_of(xml, name).as_deref().map(str::trim) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err("a switch is neither true nor false"),
        };
        Ok(Self {
            block_acls: switch("BlockPublicAcls")?,
            ignore_acls: switch("IgnorePublicAcls")?,
            block_policy: switch("BlockPublicPolicy")?,
            restrict_buckets: switch("RestrictPublicBuckets")?,
        })
    }
}

/// The policy that lets everybody read each object of the bucket, and list none.
pub fn public_read_policy(bucket: &BucketName, region: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "PublicRead",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": objects_of(bucket, region),
        }],
    })
}

/// Whether a policy lets everybody read, forbids nothing, and allows nothing else to everybody.
pub fn is_public_read(policy: &str, bucket: &BucketName, region: &str) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else {
        return false;
    };
    let objects = objects_of(bucket, region);
    let is_wanted = |statement: &Value| {
        statement["Effect"] == "Allow"
            && is_everybody(&statement["Principal"])
            && is_only(&statement["Action"], "s3:GetObject")
            && is_only(&statement["Resource"], &objects)
            && statement.get("Condition").is_none()
    };
    match &policy["Statement"] {
        Value::Array(statements) => !statements.is_empty() && statements.iter().all(is_wanted),
        // a single one may stand without a list
        one => is_wanted(one),
    }
}

fn objects_of(bucket: &BucketName, region: &str) -> String {
    let partition = match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    format!("arn:{partition}:s3:::{bucket}/*")
}

fn is_everybody(principal: &Value) -> bool {
    is_only(principal, "*") || is_only(&principal["AWS"], "*")
}

/// Servers write a list of one as its one text, or the other way round.
fn is_only(value: &Value, text: &str) -> bool {
    match value {
        Value::Array(list) => list.len() == 1 && list[0] == text,
        one => one == text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_known_in_each_form_that_servers_give_it() {
        let bucket: BucketName = "prompts".parse().expect("a name");
        let ours = public_read_policy(&bucket, "us-east-1");
        let changed = |path: &str, value: Value| {
            let mut policy = ours.clone();
            *policy
                .pointer_mut(&format!("/Statement/0/{path}"))
                .expect("it is there") = value;
            policy.to_string()
        };
        for good in [
            ours.to_string(),
            changed("Principal", json!({"AWS": "*"})),
            changed("Principal", json!({"AWS": ["*"]})),
            changed("Action", json!(["s3:GetObject"])),
            json!({"Statement": ours["Statement"][0]}).to_string(),
        ] {
            assert!(is_public_read(&good, &bucket, "us-east-1"), "{good}");
        }
        for bad in [
            String::new(),
            "{}".to_owned(),
            r#"{"Statement": []}"#.to_owned(),
            changed("Effect", json!("Deny")),
            changed("Action", json!("s3:*")),
            changed("Principal", json!({"AWS": "arn:aws:iam::1:root"})),
            changed("Resource", json!("arn:aws:s3:::other/*")),
        ] {
            assert!(!is_public_read(&bad, &bucket, "us-east-1"), "{bad}");
        }
        assert!(!is_public_read(&ours.to_string(), &bucket, "cn-north-1"));
    }
}
