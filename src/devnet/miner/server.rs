//! The miner's port: its websocket, and its receipts over HTTP.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::receipts::{PublishedReceipts, receipts_of_job};
use super::session;
use super::{Ledger, MinerConfig};
use crate::keys::{Hotkey, Keypair};
use crate::wire::receipt::Receipt;

/// A running miner; it stops when this is dropped.
pub struct Miner {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What the connections of one miner have in common.
pub(super) struct Shared {
    pub(super) config: MinerConfig,
    pub(super) hotkey: Hotkey,
    pub(super) connections: AtomicUsize,
    pub(super) stop: CancellationToken,
    ledger: Mutex<Ledger>,
    receipts: Mutex<PublishedReceipts>,
}

impl Shared {
    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn receipts(&self) -> MutexGuard<'_, PublishedReceipts> {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Miner {
    /// Binds and serves. To be called inside of a tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn start(config: MinerConfig) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind(config.listen)?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            hotkey: config.keypair.hotkey(),
            config,
            connections: AtomicUsize::new(0),
            stop: CancellationToken::new(),
            ledger: Mutex::default(),
            receipts: Mutex::default(),
        });
        let router = Router::new()
            .route(
                "/v0.1/validator_interface/{validator_hotkey}",
                get(websocket),
            )
            .route("/receipts/receipts.csv", get(receipts_csv))
            .with_state(Arc::clone(&shared));
        let stop = shared.stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => (),
                served = axum::serve(listener, router) => {
                    if let Err(error) = served {
                        tracing::warn!(%address, %error, "devnet miner ended");
                    }
                }
            }
        });
        Ok(Self { address, shared })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn hotkey(&self) -> Hotkey {
        self.shared.hotkey
    }

    /// Countersigns and publishes a receipt, as if this validator had sent it.
    pub fn publish(&self, receipt: Receipt, validator: &Keypair) {
        let own = &self.shared.config.keypair;
        self.shared.receipts().publish(receipt, validator, own);
    }

    /// Publishes both receipts of each of these made-up jobs, which began a millisecond apart
    /// from `begin` on.
    pub fn publish_jobs(&self, jobs: Range<u32>, begin: DateTime<Utc>, validator: &Keypair) {
        for job in jobs {
            let time = begin + TimeDelta::milliseconds(job.into());
            for receipt in receipts_of_job(job, time, &self.hotkey(), &validator.hotkey()) {
                self.publish(receipt, validator);
            }
        }
    }

    /// What it has seen so far.
    pub fn ledger(&self) -> Ledger {
        self.shared.ledger().clone()
    }
}

impl Drop for Miner {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

async fn websocket(
    State(shared): State<Arc<Shared>>,
    Path(validator): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade.on_upgrade(move |socket| session::run(socket, shared, validator))
}

async fn receipts_csv(State(shared): State<Arc<Shared>>) -> Response {
    let (file, hotkey) = (&shared.config.receipts_file, &shared.hotkey);
    let answer = file.answer(&shared.receipts(), hotkey);
    match answer {
        Some(answer) => answer,
        None => std::future::pending().await,
    }
}
