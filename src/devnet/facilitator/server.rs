//! The facilitator's port and what its connections have in common.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::behaviour::Moment;
use super::desk::Desk;
use super::door::Door;
use super::{Behaviour, FacilitatorConfig, Ledger, Order, Versions};
use super::{collector, published, session};
use crate::keys::Hotkey;

/// A running facilitator; it stops when this is dropped, and its port is free at once.
pub struct Facilitator {
    shared: Arc<Shared>,
    _ended: DropGuard,
}

pub(super) struct Shared {
    pub(super) config: FacilitatorConfig,
    pub(super) door: Door,
    pub(super) desk: watch::Sender<Desk>,
    pub(super) behaviour: watch::Sender<Behaviour>,
    /// The document of parameters.
    pub(super) published: watch::Sender<String>,
    ledger: watch::Sender<Ledger>,
}

impl Shared {
    /// Changes the ledger and tells those who wait for it.
    pub(super) fn note<T>(&self, change: impl FnOnce(&mut Ledger) -> T) -> T {
        let mut value = None;
        self.ledger
            .send_modify(|ledger| value = Some(change(ledger)));
        value.expect("the change was made")
    }

    pub(super) fn is_allowed(&self, validator: &Hotkey) -> bool {
        let allowed = &self.config.allowed;
        allowed.is_empty() || allowed.contains(validator)
    }

    /// What holds at this moment; what was to be done once does not hold any more.
    pub(super) fn behaviour_at(&self, moment: Moment) -> Behaviour {
        let mut present = Behaviour::Honest;
        self.behaviour.send_if_modified(|behaviour| {
            present = behaviour.clone();
            let is_over = present.ends_with(moment);
            if is_over {
                *behaviour = Behaviour::Honest;
            }
            is_over
        });
        present
    }
}

impl Facilitator {
    /// Binds and serves. To be called inside of a tokio runtime.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub fn start(config: FacilitatorConfig) -> io::Result<Self> {
        let door = Door::open(config.port)?;
        let shared = Arc::new(Shared {
            behaviour: watch::Sender::new(config.behaviour.clone()),
            config,
            door: door.clone(),
            desk: watch::Sender::default(),
            published: watch::Sender::new(published::document()),
            ledger: watch::Sender::default(),
        });
        let router = Router::new()
            .route("/ws/v0/", get(websocket))
            .route(collector::PATH, post(collector::take))
            .layer(DefaultBodyLimit::max(collector::MOST_BYTES))
            .route(published::PATH, get(published::serve))
            .with_state(Arc::clone(&shared));
        let ended = CancellationToken::new();
        let server = axum::serve(door, router).into_future();
        tokio::spawn(ended.clone().run_until_cancelled_owned(server));
        Ok(Self {
            shared,
            _ended: ended.drop_guard(),
        })
    }

    /// Where validators connect to.
    pub fn url(&self) -> String {
        format!("ws://{}/ws/v0/", self.shared.door.address())
    }

    /// What events are posted below of; ends in a slash, as in the settings.
    pub fn stats_collector_url(&self) -> String {
        format!("http://{}/stats_collector/v0/", self.shared.door.address())
    }

    /// The published parameters.
    pub fn dynamic_config_url(&self) -> String {
        format!("http://{}{}", self.shared.door.address(), published::PATH)
    }

    pub fn port(&self) -> u16 {
        self.shared.door.address().port()
    }

    /// Has a job handed out, once: now, or to the next validator that authenticates.
    pub fn order(&self, order: impl Into<Order>) {
        let order = order.into();
        self.shared.desk.send_modify(|desk| desk.order(order));
    }

    /// Waits until every order has been taken by a validator's connection.
    pub async fn nothing_waits(&self) {
        let mut desk = self.shared.desk.subscribe();
        // the sender is as old as this facilitator
        let _ = desk.wait_for(Desk::is_empty).await;
    }

    /// Publishes this text in place of the document of parameters, whatever it is.
    pub fn publish(&self, document: impl Into<String>) {
        self.shared.published.send_replace(document.into());
    }

    /// Behaves like this from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        self.shared.behaviour.send_replace(behaviour);
    }

    /// Drops all connections, without a close frame, and refuses new ones.
    pub fn pause(&self) {
        self.shared.door.shut();
    }

    /// Takes connections again, on the same port.
    ///
    /// # Errors
    /// When somebody else has taken the port in the meantime.
    pub fn resume(&self) -> io::Result<()> {
        self.shared.door.reopen()
    }

    /// What it has seen so far.
    pub fn ledger(&self) -> Ledger {
        self.shared.ledger.borrow().clone()
    }

    /// Waits until `found` finds something in the ledger, and returns it.
    ///
    /// # Errors
    /// The ledger as it is after `limit`.
    pub async fn wait_until<T>(
        &self,
        mut found: impl FnMut(&Ledger) -> Option<T>,
        limit: Duration,
    ) -> Result<T, Box<Ledger>> {
        let mut ledger = self.shared.ledger.subscribe();
        let mut value = None;
        let search = ledger.wait_for(|ledger| {
            value = found(ledger);
            value.is_some()
        });
        // the value tells whether it was in time
        let _ = timeout(limit, search).await;
        value.ok_or_else(|| Box::new(self.ledger()))
    }
}

impl Drop for Facilitator {
    fn drop(&mut self) {
        self.shared.door.shut();
    }
}

async fn websocket(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let stop = shared.door.stop();
    if *shared.behaviour.borrow() == Behaviour::SilentBeforeUpgrade {
        stop.cancelled().await;
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let text = |name| {
        let value = headers.get(name)?;
        Some(value.to_str().ok()?.to_owned())
    };
    let versions = Versions {
        validator: text("X-Validator-Version"),
        runner: text("X-Validator-Runner-Version"),
    };
    upgrade.on_upgrade(move |socket| session::run(socket, shared, versions, stop))
}
