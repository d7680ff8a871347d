//! Sends what rusoto has signed through the one HTTP client, and gives the answer back to it. So
//! there is one TLS stack, one root store, and a bound on every answer.

use std::time::Duration;

use futures_util::FutureExt;
use http02::{HeaderMap, HeaderName, StatusCode};
use rusoto_core::request::{DispatchSignedRequest, DispatchSignedRequestFuture, HttpResponse};
use rusoto_core::signature::{SignedRequest, SignedRequestPayload};
use rusoto_core::{ByteStream, HttpDispatchError};
use tokio_util::bytes::Bytes;

use crate::http::{Body, Client, HttpError, Limits, Request};

/// Answers here are short XML texts; the longest is a list of buckets.
pub(super) const LIMITS: Limits = Limits {
    idle: Duration::from_secs(20),
    total: Duration::from_secs(60),
    bytes: 4 * 1024 * 1024,
};

pub(super) struct Transport(pub(super) Client);

impl DispatchSignedRequest for Transport {
    fn dispatch(
        &self,
        request: SignedRequest,
        // none is ever given; the client has limits of its own
        _timeout: Option<Duration>,
    ) -> DispatchSignedRequestFuture {
        let client = self.0.clone();
        let exchanged = async move {
            let body = client.exchange(unpacked(request)).await?;
            packed(body).await
        };
        exchanged
            .map(|result: Result<_, HttpError>| {
                result.map_err(|error| HttpDispatchError::new(error.to_string()))
            })
            .boxed()
    }
}

pub(super) fn unpacked(request: SignedRequest) -> Request {
    let mut url = format!(
        "{}://{}{}",
        request.scheme(),
        request.hostname(),
        request.canonical_uri()
    );
    if !request.canonical_query_string().is_empty() {
        url.push('?');
        url.push_str(request.canonical_query_string());
    }
    // the client writes these itself
    let is_ours = |name: &str| name != "host" && name != "content-length";
    let headers = request.headers().iter().flat_map(|(name, values)| {
        let values = values.iter();
        values.map(move |value| (name.clone(), value.clone()))
    });
    Request {
        url,
        headers: headers.filter(|(name, _)| is_ours(name)).collect(),
        body: match &request.payload {
            Some(SignedRequestPayload::Buffer(bytes)) => bytes.clone(),
            // nothing here hands over a stream
            Some(SignedRequestPayload::Stream(_)) | None => Bytes::new(),
        },
        method: request.method,
    }
}

async fn packed(body: Body) -> Result<HttpResponse, HttpError> {
    let status = StatusCode::from_u16(body.status()).expect("it came in an answer");
    let headers: HeaderMap<String> = body
        .headers()
        .filter_map(|(name, value)| Some((HeaderName::try_from(name).ok()?, value.to_owned())))
        .collect();
    Ok(HttpResponse {
        status,
        headers,
        body: ByteStream::from(body.bytes().await?),
    })
}
