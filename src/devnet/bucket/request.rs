//! A request as the server looks at it: whose, what, and its parts that are signed.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Method, Request};

use super::encoding::decoded;
use super::refusal::{MALFORMED, Refusal, TOO_LARGE};

pub(super) struct Asked {
    pub(super) method: Method,
    /// Decoded; begins with a slash.
    pub(super) path: String,
    /// Decoded pairs, in the order of the address.
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Asked {
    pub(super) async fn read(request: Request<Body>, most_bytes: usize) -> Result<Self, Refusal> {
        let (head, body) = request.into_parts();
        let path = decoded(head.uri.path()).ok_or(MALFORMED)?;
        let query = head.uri.query().unwrap_or_default();
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let query = pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                // only version 2 and the oldest clients write a space as a plus
                Some((decoded(name)?, decoded(value)?))
            })
            .collect::<Option<_>>()
            .ok_or(MALFORMED)?;
        Ok(Self {
            method: head.method,
            path,
            query,
            headers: head.headers,
            body: to_bytes(body, most_bytes).await.map_err(|_| TOO_LARGE)?,
        })
    }

    /// Name of the bucket and key of the object; each may be empty.
    pub(super) fn target(&self) -> (&str, &str) {
        let path = self.path.trim_start_matches('/');
        path.split_once('/').unwrap_or((path, ""))
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.iter();
        let pair = pairs.find(|(known, _)| known == name);
        pair.map(|(_, value)| value.as_str())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The text of an element of the XML body.
    pub(super) fn element(&self, name: &str) -> Option<&str> {
        element(std::str::from_utf8(&self.body).ok()?, name)
    }
}

/// The text of the first element of this name.
pub(super) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once("</").map(|(inner, _)| inner.trim())
}
