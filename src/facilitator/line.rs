//! The line to the facilitator: a task that keeps a connection up and passes messages on.
//!
//! A message counts as delivered when the facilitator's end has answered a ping that was sent
//! after it: then all before it has been read. What was not delivered when a connection ends is
//! for the owner to send again, on the next one.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{interval_at, sleep_until, timeout, timeout_at};
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tracing::{debug, warn};

use super::backoff::Backoff;
use super::connection::Socket;
use super::{FacilitatorError, Limits};
use crate::failpoint;
use crate::keys::Keypair;
use crate::wire::facilitator::{FromFacilitator, ToFacilitator};
use crate::wire::{Malformed, redacted};

/// Events that may wait for the owner; beyond that, nothing more is read from the facilitator.
const EVENTS: usize = 256;

/// How long saying goodbye may take, and then hearing what was said until then.
const FAREWELL: Duration = Duration::from_secs(1);

/// Who calls, where, and within which bounds.
#[derive(Debug, Clone)]
pub struct Caller {
    pub uri: String,
    pub keypair: Arc<Keypair>,
    pub version: String,
    pub runner_version: String,
    pub limits: Limits,
}

/// Which connection of a line, counted from 1.
pub type Epoch = u64;

/// A message for the connection `epoch`; on a later one it is dropped.
#[derive(Debug)]
pub struct Outgoing<Id> {
    pub epoch: Epoch,
    pub id: Id,
    pub text: String,
}

/// What happens on a line.
#[derive(Debug)]
pub enum LineEvent<Id> {
    /// A connection stands and is authenticated.
    Up(Epoch),
    /// The facilitator said something.
    Said(Box<FromFacilitator>),
    /// It said something that cannot be read; the beginning of it.
    Unreadable(Malformed, String),
    /// This message was read by the facilitator's end.
    Delivered(Id),
    /// An attempt failed or a connection ended; `failures` of them in a row. If the error does not
    /// pass by itself, it is the last event.
    Down {
        error: FacilitatorError,
        failures: u32,
    },
}

/// Ends when it is dropped, without a farewell.
pub struct Line<Id> {
    pub events: mpsc::Receiver<LineEvent<Id>>,
    /// `None`: the farewell is on its way.
    outgoing: Option<mpsc::UnboundedSender<Outgoing<Id>>>,
    task: tokio::task::JoinHandle<()>,
}

impl<Id: Send + 'static> Line<Id> {
    /// Begins to connect, after a delay if the attempts before it `failures` times failed.
    pub fn open(caller: Caller, failures: u32) -> Self {
        let (sender, events) = mpsc::channel(EVENTS);
        let (outgoing, queue) = mpsc::unbounded_channel();
        let keeper = Keeper {
            caller,
            events: sender,
            queue,
            epoch: 0,
            backoff: Backoff::after(failures),
        };
        let task = tokio::spawn(keeper.run());
        Self {
            events,
            outgoing: Some(outgoing),
            task,
        }
    }

    /// Hands a message to the connection of this epoch, if it is still there.
    pub fn send(&self, message: Outgoing<Id>) {
        if let Some(outgoing) = &self.outgoing {
            // a line that has ended says so with its last event
            let _ = outgoing.send(message);
        }
    }

    /// Says goodbye, if there is anybody to say it to. The events of what was heard until then
    /// still come, and after them no more.
    pub fn hang_up(&mut self) {
        self.outgoing = None;
    }
}

impl<Id> Drop for Line<Id> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The owner of the line has gone.
struct Gone;

struct Keeper<Id> {
    caller: Caller,
    events: mpsc::Sender<LineEvent<Id>>,
    queue: mpsc::UnboundedReceiver<Outgoing<Id>>,
    epoch: Epoch,
    backoff: Backoff,
}

impl<Id: Send> Keeper<Id> {
    async fn run(mut self) {
        loop {
            let delay = self.backoff.delay(&self.caller.limits);
            tokio::select! {
                () = tokio::time::sleep(delay) => (),
                () = hung_up(&mut self.queue) => return,
            }
            let begun = Instant::now();
            let established = tokio::select! {
                established = self.caller.establish() => established,
                () = hung_up(&mut self.queue) => return,
            };
            let error = match established {
                Ok(socket) => match self.serve(socket).await {
                    Ok(error) => error,
                    Err(Gone) => return,
                },
                Err(error) => error,
            };
            if begun.elapsed() > self.caller.limits.lasting {
                self.backoff.succeed();
            }
            self.backoff.fail();
            let is_last = !error.is_passing();
            let failures = self.backoff.failures();
            debug!(%error, failures, "line down");
            let down = LineEvent::Down { error, failures };
            if self.events.send(down).await.is_err() || is_last {
                return;
            }
        }
    }

    /// Passes messages on until the connection ends; says why it did.
    async fn serve(&mut self, socket: Socket) -> Result<FacilitatorError, Gone> {
        self.epoch += 1;
        self.tell(LineEvent::Up(self.epoch)).await?;
        let limits = self.caller.limits;
        let now = tokio::time::Instant::now();
        let mut heartbeats = interval_at(now + limits.heartbeat, limits.heartbeat);
        let mut pings = interval_at(now + limits.ping, limits.ping);
        let mut heard_at = now;
        let mut talk = Talk {
            socket,
            sent: 0,
            unproven: VecDeque::new(),
            limits,
        };
        loop {
            let step = tokio::select! {
                incoming = talk.socket.next() => {
                    heard_at = tokio::time::Instant::now();
                    match self.hear(&mut talk, incoming).await? {
                        ControlFlow::Break(error) => return Ok(error),
                        ControlFlow::Continue(()) => continue,
                    }
                }
                message = self.queue.recv() => match message {
                    Some(message) if message.epoch == self.epoch => talk.tell(message).await,
                    Some(_) => ControlFlow::Continue(()),
                    None => {
                        let _ = timeout(FAREWELL, talk.socket.close(None)).await;
                        self.hear_the_rest(&mut talk).await?;
                        return Err(Gone);
                    }
                },
                _ = heartbeats.tick() => {
                    talk.send(Message::text(ToFacilitator::Heartbeat {}.to_json())).await
                }
                _ = pings.tick() => talk.ping().await,
                () = sleep_until(heard_at + limits.silence) => {
                    ControlFlow::Break(FacilitatorError::Silent(limits.silence))
                }
            };
            if let ControlFlow::Break(error) = step {
                self.hear_the_rest(&mut talk).await?;
                return Ok(error);
            }
        }
    }

    /// What was on its way when this side had its last word. Nobody hands out a job twice.
    async fn hear_the_rest(&mut self, talk: &mut Talk<Id>) -> Result<(), Gone> {
        let deadline = tokio::time::Instant::now() + FAREWELL;
        while let Ok(incoming) = timeout_at(deadline, talk.socket.next()).await {
            if self.hear(talk, incoming).await?.is_break() {
                break;
            }
        }
        Ok(())
    }

    async fn hear(
        &mut self,
        talk: &mut Talk<Id>,
        incoming: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>,
    ) -> Result<ControlFlow<FacilitatorError>, Gone> {
        let text = match incoming {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Binary(bytes))) => String::from_utf8_lossy(&bytes).as_ref().into(),
            Some(Ok(Message::Pong(proof))) => {
                for id in talk.proven_by(&proof) {
                    self.tell(LineEvent::Delivered(id)).await?;
                }
                return Ok(ControlFlow::Continue(()));
            }
            Some(Ok(Message::Ping(_) | Message::Frame(_))) => return Ok(ControlFlow::Continue(())),
            Some(Ok(Message::Close(frame))) => {
                let reason = frame.map(|frame| frame.reason.to_string());
                return Ok(ControlFlow::Break(FacilitatorError::Closed(
                    reason.unwrap_or_default(),
                )));
            }
            Some(Err(error)) => return Ok(ControlFlow::Break(error.into())),
            None => return Ok(ControlFlow::Break(FacilitatorError::Closed(String::new()))),
        };
        let event = match FromFacilitator::parse(&text) {
            Ok(said) => LineEvent::Said(Box::new(said)),
            Err(malformed) => LineEvent::Unreadable(malformed, redacted(&text)),
        };
        self.tell(event).await?;
        Ok(ControlFlow::Continue(()))
    }

    async fn tell(&self, event: LineEvent<Id>) -> Result<(), Gone> {
        self.events.send(event).await.map_err(|_| Gone)
    }
}

/// Waits until the owner has hung up. Messages that are still queued were for a connection that
/// has ended.
async fn hung_up<Id>(queue: &mut mpsc::UnboundedReceiver<Outgoing<Id>>) {
    while queue.recv().await.is_some() {}
}

/// The sending side of one connection, and what of it is not proven to have been read.
struct Talk<Id> {
    socket: Socket,
    /// Pings sent; each carries its number.
    sent: u64,
    /// With the number of the ping that followed.
    unproven: VecDeque<(u64, Id)>,
    limits: Limits,
}

impl<Id> Talk<Id> {
    async fn tell(&mut self, message: Outgoing<Id>) -> ControlFlow<FacilitatorError> {
        failpoint::hit("facilitator.send");
        self.send(Message::text(message.text)).await?;
        failpoint::hit("facilitator.sent");
        self.unproven.push_back((self.sent + 1, message.id));
        self.ping().await
    }

    async fn ping(&mut self) -> ControlFlow<FacilitatorError> {
        self.sent += 1;
        let number = Bytes::copy_from_slice(&self.sent.to_be_bytes());
        self.send(Message::Ping(number)).await
    }

    /// A peer that does not read is as good as gone.
    async fn send(&mut self, message: Message) -> ControlFlow<FacilitatorError> {
        match timeout(self.limits.send, self.socket.send(message)).await {
            Ok(Ok(())) => ControlFlow::Continue(()),
            Ok(Err(error)) => {
                warn!(%error, "a message to the facilitator could not be sent");
                ControlFlow::Break(error.into())
            }
            Err(_) => ControlFlow::Break(FacilitatorError::Slow(self.limits.send)),
        }
    }

    /// What the answer to a ping proves to have been read.
    fn proven_by(&mut self, proof: &[u8]) -> Vec<Id> {
        let Ok(number) = proof.try_into().map(u64::from_be_bytes) else {
            return Vec::new();
        };
        let proven = self
            .unproven
            .iter()
            .take_while(|(ping, _)| *ping <= number)
            .count();
        self.unproven.drain(..proven).map(|(_, id)| id).collect()
    }
}
