//! One miner as the passes see it: send, look at what has come, wait for more, close.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures_util::SinkExt;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::inbox::{CloseReason, Inbox, JobAnswers, ManifestAnswer, Timed};
use super::link::{Caller, Link, Writer};
use super::{MinerAddress, Moment, Speaker};
use crate::failpoint;

/// A connection that keeps itself up. Dropping it ends it without a farewell.
pub struct MinerClient(Arc<Link>);

/// Nothing more will come from this miner, or go to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct Closed(pub CloseReason);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendTimes {
    /// Just before the message was first handed to a connection.
    pub before: Moment,
    /// When the system had taken all of it.
    pub after: Moment,
}

impl MinerClient {
    /// Begins to connect. Needs a running tokio runtime.
    pub fn connect(address: MinerAddress, caller: Caller) -> Self {
        let link = Arc::new(Link::new(address, caller));
        tokio::spawn(link.clone().run());
        Self(link)
    }

    pub fn address(&self) -> &MinerAddress {
        &self.0.address
    }

    /// Waits until there was a connection on which this side has said who it is.
    ///
    /// # Errors
    /// When the connection is closed for good before.
    pub async fn connected(&self) -> Result<(), Closed> {
        self.look(|inbox| inbox.is_established.then_some(())).await
    }

    /// Waits for the first manifest.
    ///
    /// # Errors
    /// When the connection is closed for good before.
    pub async fn manifest(&self) -> Result<Timed<ManifestAnswer>, Closed> {
        self.look(|inbox| inbox.manifest.clone()).await
    }

    /// Only answers for these jobs are kept from now on, besides those named before.
    pub fn expect(&self, job_uuids: impl IntoIterator<Item = String>) {
        let jobs = job_uuids
            .into_iter()
            .map(|uuid| (uuid, JobAnswers::default()));
        self.0.inbox().jobs.extend(jobs);
    }

    /// What has come for a job so far.
    pub fn answers(&self, job_uuid: &str) -> JobAnswers {
        self.0
            .inbox()
            .jobs
            .get(job_uuid)
            .cloned()
            .unwrap_or_default()
    }

    /// Waits until `found` finds what it looks for among the answers.
    ///
    /// # Errors
    /// When the connection is closed for good before.
    pub async fn until<T>(
        &self,
        mut found: impl FnMut(&HashMap<String, JobAnswers>) -> Option<T>,
    ) -> Result<T, Closed> {
        self.look(|inbox| found(&inbox.jobs)).await
    }

    /// Messages received so far, by type; unreadable ones under the empty name.
    pub fn message_counts(&self) -> BTreeMap<&'static str, u32> {
        self.0.inbox().counts.clone()
    }

    /// Sends texts with as few system calls as possible, across reconnects if need be.
    /// Does not give up by itself: the caller has a time limit.
    ///
    /// # Errors
    /// When the connection is closed for good before all is sent.
    pub async fn send(&self, texts: &[Utf8Bytes]) -> Result<Vec<SendTimes>, Closed> {
        let mut times = Vec::with_capacity(texts.len());
        loop {
            let mut changes = self.0.changed.subscribe();
            if let Some(reason) = self.0.inbox().closed.clone() {
                return Err(Closed(reason));
            }
            let mut present = self.0.writer.lock().await;
            if let Some(writer) = present.as_mut() {
                match self.write(writer, texts, &mut times).await {
                    Ok(()) => return Ok(times),
                    Err(error) => {
                        tracing::debug!(hotkey = self.address().hotkey, %error, "send failed");
                        *present = None;
                    }
                }
            }
            drop(present);
            // the link never drops its end while we hold it
            let _ = changes.changed().await;
        }
    }

    async fn write(
        &self,
        writer: &mut Writer,
        texts: &[Utf8Bytes],
        times: &mut Vec<SendTimes>,
    ) -> Result<(), Error> {
        let clock = self.0.caller.clock;
        let Writer { sink, broken } = writer;
        let write = async {
            for (index, text) in texts.iter().enumerate() {
                failpoint::hit("miner.send");
                let now = clock.now();
                if times.len() == index {
                    times.push(SendTimes {
                        before: now,
                        after: now,
                    });
                }
                self.0.caller.tap.note(Speaker::Validator, text, now);
                sink.feed(Message::Text(text.clone())).await?;
            }
            sink.flush().await
        };
        tokio::select! {
            written = write => written?,
            () = broken.cancelled() => return Err(Error::ConnectionClosed),
        }
        failpoint::hit("miner.sent");
        let after = clock.now();
        times.iter_mut().for_each(|times| times.after = after);
        Ok(())
    }

    /// Says goodbye and waits for the answer, so that all that was sent has been read; all of
    /// that within the limit for it.
    pub async fn close(self) {
        self.0.closing.cancel();
        let farewell = async {
            let Some(mut writer) = self.0.writer.lock().await.take() else {
                return;
            };
            failpoint::hit("miner.close");
            let closed = writer.sink.close().await;
            failpoint::hit("miner.closed");
            match closed {
                Ok(()) => _ = self.look(|inbox| inbox.closed.clone()).await,
                Err(error) => {
                    tracing::debug!(hotkey = self.address().hotkey, %error, "close failed");
                }
            }
        };
        if timeout(self.0.caller.limits.close, farewell).await.is_err() {
            tracing::debug!(hotkey = self.address().hotkey, "no farewell in time");
        }
    }

    async fn look<T>(&self, mut found: impl FnMut(&Inbox) -> Option<T>) -> Result<T, Closed> {
        let mut changes = self.0.changed.subscribe();
        loop {
            {
                let inbox = self.0.inbox();
                if let Some(found) = found(&inbox) {
                    return Ok(found);
                }
                if let Some(reason) = &inbox.closed {
                    return Err(Closed(reason.clone()));
                }
            }
            // the link never drops its end while we hold it
            let _ = changes.changed().await;
        }
    }
}

impl Drop for MinerClient {
    fn drop(&mut self) {
        self.0.stop.cancel();
    }
}
