//! One request about an object or a list of them: signed with the hash of its body, sent here and
//! not by rusoto's client, which signs no hash of what is long, reads no answer piece by piece, and
//! panics where a number in one is none.

use std::time::Duration;

use rusoto_core::param::ServiceParams;
use rusoto_core::signature::SignedRequest;
use tokio_util::bytes::Bytes;

use super::presign::checked;
use super::transport::unpacked;
use super::{ObjectStore, ObjectsError, xml};
use crate::http::{Body, Limits};
use crate::settings::BucketName;

/// A part of a large object has ten minutes on a slow line; nothing may stand still for long.
pub(super) const TRANSFER: Limits = Limits {
    idle: Duration::from_secs(60),
    total: Duration::from_secs(600),
    bytes: 4 * 1024 * 1024,
};

/// An object that is read has as long as something comes, but not for ever.
pub(super) const READ: Limits = Limits {
    total: Duration::from_secs(6 * 3600),
    bytes: u64::MAX,
    ..TRANSFER
};

/// Of a refusal, in bytes.
const LONGEST_REFUSAL: usize = 64 * 1024;

pub(super) struct Ask<'a> {
    pub(super) method: &'static str,
    pub(super) bucket: &'a BucketName,
    /// Empty: the bucket itself.
    pub(super) key: &'a str,
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) headers: &'a [(&'static str, &'a str)],
    pub(super) body: Bytes,
    pub(super) limits: Limits,
    /// As a verb: "send a part".
    pub(super) action: &'static str,
}

impl<'a> Ask<'a> {
    /// Without anything that most have not.
    pub(super) fn new(
        method: &'static str,
        bucket: &'a BucketName,
        key: &'a str,
        action: &'static str,
    ) -> Self {
        Self {
            method,
            bucket,
            key,
            query: &[],
            headers: &[],
            body: Bytes::new(),
            limits: TRANSFER,
            action,
        }
    }
}

impl ObjectStore {
    /// The answer, once its head is there and good.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Body, ObjectsError> {
        if !ask.key.is_empty() {
            checked(ask.key)?;
        }
        let request = unpacked(self.signed(ask));
        let answer = self.http.with_limits(ask.limits).transfer(request).await;
        let answer =
            answer.map_err(|error| ObjectsError::from_http(&self.endpoint, ask.action, &error))?;
        match answer.status() {
            200..=299 => Ok(answer),
            status => {
                let xml = beginning(answer).await;
                let server = self.endpoint.clone();
                Err(ObjectsError::refused(server, ask.action, status, &xml))
            }
        }
    }

    /// All of a short answer.
    pub(super) async fn ask_text(&self, ask: &Ask<'_>) -> Result<String, ObjectsError> {
        let bytes = self.ask(ask).await?.bytes().await;
        let bytes =
            bytes.map_err(|error| ObjectsError::from_http(&self.endpoint, ask.action, &error))?;
        let text = String::from_utf8(bytes).map_err(|_| self.unreadable(ask, "it is no UTF-8"))?;
        match xml::is_refusal(&text) {
            // what was found out too late for the status is the server's failure
            true => Err(ObjectsError::refused(
                self.endpoint.clone(),
                ask.action,
                500,
                text.as_bytes(),
            )),
            false => Ok(text),
        }
    }

    /// For an answer that lacks what it should hold.
    pub(super) fn unreadable(&self, ask: &Ask<'_>, finding: &str) -> ObjectsError {
        ObjectsError::Unreadable {
            server: self.endpoint.clone(),
            action: ask.action,
            finding: finding.to_owned(),
        }
    }

    fn signed(&self, ask: &Ask<'_>) -> SignedRequest {
        let (region, credentials) = self.signing();
        let path = match ask.key {
            "" => format!("/{}", ask.bucket),
            key => format!("/{}/{key}", ask.bucket),
        };
        let mut request = SignedRequest::new(ask.method, "s3", &region, &path);
        let mut query = rusoto_core::param::Params::new();
        for (name, value) in ask.query {
            query.put(name, *value);
        }
        request.set_params(query);
        for (name, value) in ask.headers {
            request.add_header(name, value);
        }
        if !ask.body.is_empty() {
            request.set_payload(Some(ask.body.clone()));
        }
        request.sign(&credentials);
        request
    }
}

/// Enough of a refusal to say why; nothing, if that does not come.
async fn beginning(mut answer: Body) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Ok(Some(piece)) = answer.piece().await {
        bytes.extend_from_slice(piece.as_ref());
        if bytes.len() >= LONGEST_REFUSAL {
            break;
        }
    }
    bytes
}
