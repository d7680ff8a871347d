//! When waiting ends: at a stage's limit, at the end of the batch, or when the pass is stopped.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

#[derive(Debug, Clone)]
pub(super) struct Patience {
    stop: CancellationToken,
    end: Instant,
}

impl Patience {
    pub(super) fn new(stop: CancellationToken, batch: Duration) -> Self {
        Self {
            stop,
            end: Instant::now() + batch,
        }
    }

    /// What comes of `work`, or `None` when waiting ended first.
    pub(super) async fn until<T>(
        &self,
        limit: Instant,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = sleep_until(limit.min(self.end)) => None,
            () = self.stop.cancelled() => None,
        }
    }

    pub(super) async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        self.until(Instant::now() + limit, work).await
    }

    /// The same where the work has a limit of its own.
    pub(super) async fn unless_over<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.until(self.end, work).await
    }

    /// Why a batch was cut short, if it was.
    pub(super) fn note(&self) -> &'static str {
        if self.stop.is_cancelled() {
            "stopped before it was over"
        } else if Instant::now() >= self.end {
            "took too long and was cut short"
        } else {
            ""
        }
    }
}
