//! What can be asked of a bucket and of an object, once it is known who asks.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::Method;
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::anonymous::{may_be_set, may_read};
use super::refusal::{
    DENIED, FIRST_REGION, MALFORMED, NO_BUCKET, NOT_IMPLEMENTED, OWN, Refusal, TAKEN, absent,
};
use super::request::Asked;
use super::signature::Signer;
use super::state::{Block, Bucket, State, Version};
use super::{Behaviour, BucketConfig};

pub(super) type Answer = Result<Response, Refusal>;

pub(super) const XMLNS: &str = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

/// A request by somebody who is known.
pub(super) struct Operation<'a> {
    pub(super) asked: &'a Asked,
    pub(super) signer: Signer,
    pub(super) config: &'a BucketConfig,
    pub(super) behaviour: &'a Behaviour,
}

impl Operation<'_> {
    pub(super) fn carry_out(&self, state: &mut State) -> Answer {
        let (bucket, key) = self.asked.target();
        match (bucket, key) {
            ("", _) => self.list_buckets(state),
            (bucket, "") => self.of_bucket(bucket, state),
            (bucket, key) => self.of_object(bucket, key, state),
        }
    }

    fn list_buckets(&self, state: &State) -> Answer {
        self.must_be_owner()?;
        if self.asked.method != Method::GET {
            return Err(NOT_IMPLEMENTED);
        }
        let buckets: String = state
            .buckets
            .keys()
            .map(|name| format!("<Bucket><Name>{name}</Name></Bucket>"))
            .collect();
        Ok(xml(format!(
            "<ListAllMyBucketsResult {XMLNS}><Owner><ID>devnet</ID></Owner>\
             <Buckets>{buckets}</Buckets></ListAllMyBucketsResult>"
        )))
    }

    fn of_bucket(&self, name: &str, state: &mut State) -> Answer {
        let is_taken = self.config.taken.iter().any(|taken| taken == name);
        let subresource = self.asked.query.first().map(|(name, _)| name.as_str());
        let creates = self.asked.method == Method::PUT && subresource.is_none();
        let has = |name| self.asked.parameter(name).is_some();
        match (creates, is_taken) {
            (true, true) => return Err(TAKEN),
            (false, true) => return Err(DENIED),
            (true, false) => return self.create(name, state),
            (false, false) => self.must_be_owner()?,
        }
        let bucket = state.buckets.get_mut(name).ok_or(NO_BUCKET)?;
        match (self.asked.method.as_str(), subresource) {
            ("HEAD", None) => Ok(().into_response()),
            ("GET", Some("location")) => Ok(location(bucket)),
            (method, Some("publicAccessBlock")) => self.access_block(method, bucket),
            (method, Some("policy")) => self.policy(method, name, bucket),
            (method, Some("lifecycle")) => self.lifecycle(method, bucket),
            ("GET", _) if has("uploads") => Ok(self.list_uploads(bucket)),
            ("GET", _) if has("list-type") => self.list_objects(name, bucket),
            _ => Err(NOT_IMPLEMENTED),
        }
    }

    fn create(&self, name: &str, state: &mut State) -> Answer {
        self.must_be_owner()?;
        if state.buckets.contains_key(name) {
            return Err(OWN);
        }
        let constraint = self.asked.element("LocationConstraint");
        if constraint == Some("us-east-1") {
            return Err(FIRST_REGION);
        }
        let region = constraint.unwrap_or("us-east-1").to_owned();
        state.buckets.insert(name.to_owned(), Bucket::new(region));
        Ok(().into_response())
    }

    fn access_block(&self, method: &str, bucket: &mut Bucket) -> Answer {
        let is_on = |name: &str| self.asked.element(name) == Some("true");
        match method {
            "PUT" => {
                bucket.block = Some(Block {
                    block_acls: is_on("BlockPublicAcls"),
                    ignore_acls: is_on("IgnorePublicAcls"),
                    block_policy: is_on("BlockPublicPolicy"),
                    restrict_buckets: is_on("RestrictPublicBuckets"),
                });
                Ok(().into_response())
            }
            "DELETE" => {
                bucket.block = None;
                Ok(axum::http::StatusCode::NO_CONTENT.into_response())
            }
            "GET" => {
                let missing = absent("NoSuchPublicAccessBlockConfiguration");
                let block = bucket.block.ok_or(missing)?;
                Ok(xml(format!(
                    "<PublicAccessBlockConfiguration {XMLNS}>\
                     <BlockPublicAcls>{}</BlockPublicAcls>\
                     <IgnorePublicAcls>{}</IgnorePublicAcls>\
                     <BlockPublicPolicy>{}</BlockPublicPolicy>\
                     <RestrictPublicBuckets>{}</RestrictPublicBuckets>\
                     </PublicAccessBlockConfiguration>",
                    block.block_acls, block.ignore_acls, block.block_policy, block.restrict_buckets
                )))
            }
            _ => Err(NOT_IMPLEMENTED),
        }
    }

    fn policy(&self, method: &str, name: &str, bucket: &mut Bucket) -> Answer {
        if method == "PUT" {
            let policy = self.asked.text()?;
            if !may_be_set(policy, name, bucket.block) {
                return Err(DENIED);
            }
        }
        self.document(method, &mut bucket.policy, "NoSuchBucketPolicy")
    }

    fn lifecycle(&self, method: &str, bucket: &mut Bucket) -> Answer {
        let place = &mut bucket.lifecycle;
        self.document(method, place, "NoSuchLifecycleConfiguration")
    }

    /// A text that is kept as it came.
    fn document(&self, method: &str, place: &mut Option<String>, missing: &'static str) -> Answer {
        match method {
            "PUT" => {
                *place = Some(self.asked.text()?.to_owned());
                Ok(().into_response())
            }
            "DELETE" => {
                *place = None;
                Ok(axum::http::StatusCode::NO_CONTENT.into_response())
            }
            "GET" => Ok(place.clone().ok_or(absent(missing))?.into_response()),
            _ => Err(NOT_IMPLEMENTED),
        }
    }

    fn of_object(&self, name: &str, key: &str, state: &mut State) -> Answer {
        if self.config.taken.iter().any(|taken| taken == name) {
            return Err(DENIED);
        }
        let bucket = state.buckets.get_mut(name).ok_or(NO_BUCKET)?;
        let is_read = matches!(self.asked.method, Method::GET | Method::HEAD);
        if is_read {
            if self.signer == Signer::Nobody && !may_read(bucket, name) {
                return Err(DENIED);
            }
            return self.read(key, bucket, &mut state.counts);
        }
        self.must_be_owner()?;
        if let Some(id) = self.asked.parameter("uploadId") {
            return self.of_upload(key, id, bucket, &mut state.counts);
        }
        match self.asked.method.as_str() {
            "POST" if self.asked.parameter("uploads").is_some() => {
                state.uploads += 1;
                Ok(self.begin_upload(name, key, state.uploads, bucket))
            }
            "PUT" => {
                let content = self.asked.body.clone();
                let tag = etag(&content);
                self.keep(key, content, tag.clone(), bucket);
                Ok([(ETAG, tag)].into_response())
            }
            "DELETE" => {
                bucket.objects.remove(key);
                Ok(axum::http::StatusCode::NO_CONTENT.into_response())
            }
            _ => Err(NOT_IMPLEMENTED),
        }
    }

    pub(super) fn keep(&self, key: &str, content: Bytes, tag: String, bucket: &mut Bucket) {
        let (content, delay) = match self.behaviour {
            Behaviour::LateUploads(delay) => (content, *delay),
            Behaviour::Shortens => (
                content.slice(..content.len().saturating_sub(1)),
                Duration::ZERO,
            ),
            _ => (content, Duration::ZERO),
        };
        let object = bucket.objects.entry(key.to_owned()).or_default();
        object.versions.push(Version {
            content,
            tag,
            modified: Utc::now(),
            seen_from: Instant::now() + delay,
        });
    }

    fn must_be_owner(&self) -> Result<(), Refusal> {
        match self.signer {
            Signer::Owner => Ok(()),
            Signer::Nobody => Err(DENIED),
        }
    }
}

impl Asked {
    pub(super) fn text(&self) -> Result<&str, Refusal> {
        std::str::from_utf8(&self.body).map_err(|_| MALFORMED)
    }
}

fn location(bucket: &Bucket) -> Response {
    let region = match bucket.region.as_str() {
        "us-east-1" => "",
        other => other,
    };
    xml(format!(
        "<LocationConstraint {XMLNS}>{region}</LocationConstraint>"
    ))
}

pub(super) fn etag(content: &[u8]) -> String {
    format!("\"{}\"", hex::encode(&Sha256::digest(content)[..16]))
}

pub(super) fn xml(text: String) -> Response {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}");
    ([(CONTENT_TYPE, "application/xml")], text).into_response()
}
