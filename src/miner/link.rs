//! The life of a connection: established with retries, authenticated, read until it breaks,
//! and established again until this side has had enough.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::sync::CancellationToken;

use super::budget::{LARGEST_MESSAGE, LargeMessages};
use super::inbox::{CloseReason, Inbox, Next};
use super::sieve::Sieve;
use super::{Clock, Limits, MinerAddress, Speaker, Tap};
use crate::failpoint;
use crate::keys::Keypair;
use crate::wire::to_miner::Signed;
use crate::wire::{AuthenticationPayload, FromMiner, GenericError, ToMiner};

type Socket = WebSocketStream<Sieve<TcpStream>>;

/// Who calls miners, and within which bounds. Shared by all clients of a pass.
#[derive(Debug, Clone)]
pub struct Caller {
    pub keypair: Arc<Keypair>,
    pub limits: Limits,
    pub clock: Clock,
    pub room: LargeMessages,
    pub tap: Tap,
}

/// The writing half of the present connection.
pub(super) struct Writer {
    pub(super) sink: SplitSink<Socket, Message>,
    /// Cancelled when the reading half found the connection to be over.
    pub(super) broken: CancellationToken,
}

/// What the reading task and the senders of one miner share.
pub(super) struct Link {
    pub(super) address: MinerAddress,
    pub(super) caller: Caller,
    pub(super) writer: tokio::sync::Mutex<Option<Writer>>,
    /// Ends everything at once.
    pub(super) stop: CancellationToken,
    /// A farewell is on its way: the next end of the connection is the last.
    pub(super) closing: CancellationToken,
    /// Fires after every change of the inbox and for every new connection.
    pub(super) changed: watch::Sender<()>,
    inbox: Mutex<Inbox>,
}

impl Link {
    pub(super) fn new(address: MinerAddress, caller: Caller) -> Self {
        Self {
            address,
            caller,
            writer: tokio::sync::Mutex::default(),
            stop: CancellationToken::new(),
            closing: CancellationToken::new(),
            changed: watch::Sender::new(()),
            inbox: Mutex::default(),
        }
    }

    pub(super) fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the connection up until it is closed for good.
    pub(super) async fn run(self: Arc<Self>) {
        let reason = tokio::select! {
            reason = self.keep_up() => reason,
            () = self.stop.cancelled() => CloseReason::Ours,
        };
        tracing::debug!(hotkey = self.address.hotkey, %reason, "connection closed");
        self.inbox().closed = Some(reason);
        self.changed.send_replace(());
    }

    async fn keep_up(&self) -> CloseReason {
        let limits = self.caller.limits;
        let mut is_established = false;
        let mut failures = 0;
        loop {
            let begun = Instant::now();
            let error = match timeout(limits.connect, self.establish()).await {
                Ok(Ok((writer, stream))) => {
                    is_established = true;
                    self.inbox().is_established = true;
                    let broken = writer.broken.clone();
                    *self.writer.lock().await = Some(writer);
                    self.changed.send_replace(());
                    if let Some(reason) = self.read(stream).await {
                        return reason;
                    }
                    if self.closing.is_cancelled() {
                        return CloseReason::Ours;
                    }
                    broken.cancel();
                    *self.writer.lock().await = None;
                    "the connection broke".to_owned()
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer in time".to_owned(),
            };
            tracing::debug!(hotkey = self.address.hotkey, error, "not connected");
            // a connection that lasted is not held against the miner
            let lasted = is_established && begun.elapsed() > limits.connect;
            failures = if lasted { 0 } else { failures + 1 };
            if !is_established && failures >= limits.attempts {
                return CloseReason::Unreachable {
                    attempts: failures,
                    error,
                };
            }
            if failures > 0 {
                sleep(limits.delay_after(failures)).await;
            }
        }
    }

    /// Connects and says who we are.
    async fn establish(&self) -> Result<(Writer, SplitStream<Socket>), Error> {
        let Caller {
            keypair,
            clock,
            room,
            ..
        } = &self.caller;
        let url = self.address.url(&keypair.hotkey());
        let tcp = TcpStream::connect((self.address.host.as_str(), self.address.port)).await?;
        tcp.set_nodelay(true)?;
        let sieve = Sieve::new(tcp, room.clone());
        // small buffers: there are hundreds of connections, and most are idle most of the time
        let config = WebSocketConfig::default()
            .read_buffer_size(4 * 1024)
            .write_buffer_size(16 * 1024)
            .max_message_size(Some(LARGEST_MESSAGE))
            .max_frame_size(Some(LARGEST_MESSAGE));
        let (socket, _) = client_async_with_config(url, sieve, Some(config)).await?;
        let (mut sink, stream) = socket.split();

        let payload = AuthenticationPayload {
            validator_hotkey: keypair.hotkey().to_string(),
            miner_hotkey: self.address.hotkey.clone(),
            timestamp: clock.now().unix_us() / 1_000_000,
        };
        let signature = keypair.sign(payload.blob().as_bytes());
        let authenticate = ToMiner::Authenticate(Signed::new(payload, signature));
        let text = authenticate.to_json();
        self.caller.tap.note(Speaker::Validator, &text, clock.now());
        failpoint::hit("miner.authenticate");
        sink.send(Message::text(text)).await?;
        failpoint::hit("miner.authenticated");
        Ok((
            Writer {
                sink,
                broken: CancellationToken::new(),
            },
            stream,
        ))
    }

    /// Reads until the connection breaks (`None`) or must not be used any longer.
    async fn read(&self, mut stream: SplitStream<Socket>) -> Option<CloseReason> {
        while let Some(message) = stream.next().await {
            let at = self.caller.clock.now();
            let next = match message {
                Ok(Message::Text(text)) => {
                    self.caller.tap.note(Speaker::Miner, &text, at);
                    let message = FromMiner::parse(&text);
                    self.inbox().take(message, text.len(), at)
                }
                Ok(Message::Binary(bytes)) => {
                    let message = FromMiner::parse(std::str::from_utf8(&bytes).unwrap_or(""));
                    self.inbox().take(message, bytes.len(), at)
                }
                Ok(Message::Ping(_)) => self.inbox().hear_ping(),
                Ok(Message::Pong(_) | Message::Frame(_)) => self.inbox().hear_noise(0),
                Ok(Message::Close(_)) | Err(_) => return None,
            };
            self.changed.send_replace(());
            match next {
                Next::Continue => {}
                Next::Complain => self.complain().await,
                Next::Close(reason) => return Some(reason),
            }
        }
        None
    }

    /// Best effort: a miner that does not read what it is told is not waited for.
    async fn complain(&self) {
        let Ok(mut writer) = self.writer.try_lock() else {
            return;
        };
        let Some(writer) = writer.as_mut() else {
            return;
        };
        let details = Some("unreadable message".to_owned());
        let error = ToMiner::GenericError(GenericError { details });
        let text = error.to_json();
        let now = self.caller.clock.now();
        self.caller.tap.note(Speaker::Validator, &text, now);
        let send = writer.sink.send(Message::text(text));
        if !matches!(timeout(self.caller.limits.close, send).await, Ok(Ok(()))) {
            tracing::debug!(hotkey = self.address.hotkey, "complaint not delivered");
        }
    }
}
