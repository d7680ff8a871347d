//! One kind of client for services that the operator has chosen, one for strangers.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::CONTENT_LENGTH;
use reqwest::redirect::Policy;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::bytes::Bytes;

use super::movement::Movement;
use super::{Body, HttpError};
use crate::failpoint;

const MOST_REDIRECTS: usize = 5;

/// Bounds on one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// To connect, and between two pieces of the answer.
    pub idle: Duration,
    /// For everything, from connecting to the last byte.
    pub total: Duration,
    /// Of the answer's body.
    pub bytes: u64,
}

/// One that is ready to be sent. Clones share the body.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Bytes,
}

/// Keeps connections open between requests. Clones share them.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    limits: Limits,
}

impl Client {
    /// For services that the settings name: uses the system's proxy, follows a few redirects.
    pub fn for_services(limits: Limits) -> Self {
        Self::new(
            reqwest::Client::builder().redirect(Policy::limited(MOST_REDIRECTS)),
            limits,
        )
    }

    /// For addresses that strangers have announced: goes there and nowhere else.
    pub fn for_strangers(limits: Limits) -> Self {
        let builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0);
        Self::new(builder, limits)
    }

    /// For signed requests to a service that the settings name: a signature holds for one address,
    /// so no redirect is followed.
    pub fn for_signed(limits: Limits) -> Self {
        Self::new(reqwest::Client::builder().redirect(Policy::none()), limits)
    }

    fn new(builder: reqwest::ClientBuilder, limits: Limits) -> Self {
        let http = builder
            .connect_timeout(limits.idle)
            .user_agent(concat!("horde/", env!("CARGO_PKG_VERSION")))
            .build()
            .expect("the TLS provider is set in the first line of main");
        Self { http, limits }
    }

    /// The same connections with other bounds; a new one must still be made within the old ones.
    pub(crate) fn with_limits(&self, limits: Limits) -> Self {
        Self {
            http: self.http.clone(),
            limits,
        }
    }

    /// The answer to a GET, once its head is there and good.
    ///
    /// # Errors
    /// No answer in time, or one with a status that is not 2xx.
    pub async fn get(&self, url: &str) -> Result<Body, HttpError> {
        // one to connect, one to the head
        let patience = (2 * self.limits.idle).min(self.limits.total);
        match timeout(patience, self.send(self.http.get(url))).await {
            Ok(answer) => answer,
            Err(_) => Err(HttpError::Stalled(self.limits.idle)),
        }
    }

    /// Posts a JSON text with these headers; returns the status, whatever it is.
    ///
    /// # Errors
    /// No answer in time.
    pub async fn post_json(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        json: String,
    ) -> Result<u16, HttpError> {
        let mut request = self
            .http
            .post(url)
            .header("Content-Type", "application/json")
            .body(json);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        match self.send(request).await {
            Ok(body) => Ok(body.status()),
            Err(HttpError::Status(status)) => Ok(status),
            Err(error) => Err(error),
        }
    }

    /// Puts a body with these headers.
    ///
    /// # Errors
    /// No answer in time, or one with a status that is not 2xx.
    pub async fn put(
        &self,
        url: &str,
        headers: &BTreeMap<String, String>,
        body: Vec<u8>,
    ) -> Result<(), HttpError> {
        let mut request = self.http.put(url).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.send(request).await.map(drop)
    }

    /// Sends a request as it is; the answer may have any status.
    ///
    /// # Errors
    /// No answer in time, or the request is malformed.
    pub(crate) async fn exchange(&self, request: Request) -> Result<Body, HttpError> {
        let body = request.body.clone();
        self.answer(self.built(request)?.body(body)).await
    }

    /// The same for what may take long: it fails once nothing has moved for the limit `idle`, up
    /// or down. A body that is on its way out of sight has the time of a slow line besides.
    ///
    /// # Errors
    /// As for `exchange`, and if nothing moves.
    pub(crate) async fn transfer(&self, request: Request) -> Result<Body, HttpError> {
        let (pieces, movement) = Movement::of(request.body.clone());
        // a stream does not tell its length, and S3 takes none without
        let builder = self
            .built(request.clone())?
            .header(CONTENT_LENGTH, request.body.len());
        let builder = match request.body.is_empty() {
            true => builder,
            false => builder.body(reqwest::Body::wrap_stream(pieces)),
        };
        tokio::select! {
            answer = self.answer(builder) => answer,
            waited = movement.ends(self.limits.idle) => Err(HttpError::Stalled(waited)),
        }
    }

    /// Without its body.
    fn built(&self, request: Request) -> Result<reqwest::RequestBuilder, HttpError> {
        let method = Method::from_bytes(request.method.as_bytes());
        let method = method.map_err(|error| HttpError::Unreachable {
            finding: error.to_string(),
        })?;
        let mut builder = self.http.request(method, request.url);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        Ok(builder)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Body, HttpError> {
        let body = self.answer(request).await?;
        match body.status() {
            200..=299 => Ok(body),
            status => Err(HttpError::Status(status)),
        }
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Body, HttpError> {
        let deadline = Instant::now() + self.limits.total;
        failpoint::hit("http.send");
        let response = timeout_at(deadline, request.send())
            .await
            .map_err(|_| HttpError::Slow(self.limits.total))??;
        failpoint::hit("http.sent");
        Ok(Body::new(response, self.limits, deadline))
    }
}
