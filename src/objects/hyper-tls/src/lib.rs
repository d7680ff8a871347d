//! Has the name and the one type of hyper-tls 0.5 that `rusoto_core` asks for, and no TLS. It is
//! compiled and never run; see this crate's `Cargo.toml`.

#![forbid(unsafe_code)]

use std::task::{Context, Poll};

use hyper::client::HttpConnector;
use tower_service::Service;

/// Passes everything on to `T`.
#[derive(Clone, Debug)]
pub struct HttpsConnector<T>(T);

impl HttpsConnector<HttpConnector> {
    pub fn new() -> Self {
        Self(HttpConnector::new())
    }
}

impl Default for HttpsConnector<HttpConnector> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, R> Service<R> for HttpsConnector<T>
where
    T: Service<R>,
{
    type Response = T::Response;
    type Error = T::Error;
    type Future = T::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.0.call(request)
    }
}
