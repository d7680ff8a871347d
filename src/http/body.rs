//! The body of an answer, read piece by piece within its limits.

use std::time::Duration;

use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use super::{HttpError, Limits};

/// An answer whose head has come.
#[derive(Debug)]
pub struct Body {
    response: Response,
    limits: Limits,
    deadline: Instant,
    taken: u64,
}

impl Body {
    pub(super) fn new(response: Response, limits: Limits, deadline: Instant) -> Self {
        Self {
            response,
            limits,
            deadline,
            taken: 0,
        }
    }

    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// Moves the limit on everything: time that this side took for itself is not the other's.
    pub fn grant(&mut self, time: Duration) {
        self.deadline += time;
    }

    /// Names and values, those left out that are no text.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.response.headers().iter();
        headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// The next piece; `None` after the last.
    ///
    /// # Errors
    /// The connection broke, or a limit was reached.
    pub async fn piece(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, HttpError> {
        let stalled = Instant::now() + self.limits.idle;
        let piece = timeout_at(stalled.min(self.deadline), self.response.chunk()).await;
        let Some(piece) = piece.map_err(|_| self.late(stalled))?? else {
            return Ok(None);
        };
        self.taken += piece.len() as u64;
        if self.taken > self.limits.bytes {
            return Err(HttpError::TooLarge {
                bytes: self.limits.bytes,
            });
        }
        Ok(Some(piece))
    }

    /// All of it.
    ///
    /// # Errors
    /// As for a piece.
    pub async fn bytes(mut self) -> Result<Vec<u8>, HttpError> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.piece().await? {
            bytes.extend_from_slice(piece.as_ref());
        }
        Ok(bytes)
    }

    fn late(&self, stalled: Instant) -> HttpError {
        match stalled < self.deadline {
            true => HttpError::Stalled(self.limits.idle),
            false => HttpError::Slow(self.limits.total),
        }
    }
}
