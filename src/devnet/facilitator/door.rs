//! The listening port. It can be given back at once and taken again, while the server that
//! accepts on it goes on: a connection in between is refused, as by a machine without a server.

use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Between two attempts to accept when the system has no more files.
const PAUSE: Duration = Duration::from_millis(10);

#[derive(Clone)]
pub(super) struct Door {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct State {
    /// `None`: shut.
    listener: Option<TcpListener>,
    /// Of the server, to be told when the door opens.
    waker: Option<Waker>,
    /// Cancelled when the door is shut, for those who came in through it.
    stop: CancellationToken,
}

impl Door {
    /// # Errors
    /// When the port cannot be bound.
    pub(super) fn open(port: u16) -> io::Result<Self> {
        let listener = bind(port)?;
        Ok(Self {
            address: listener.local_addr()?,
            state: Arc::new(Mutex::new(State {
                listener: Some(listener),
                waker: None,
                stop: CancellationToken::new(),
            })),
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cancelled as soon as those who are inside have to go.
    pub(super) fn stop(&self) -> CancellationToken {
        self.state().stop.clone()
    }

    /// Gives the port back and ends all connections.
    pub(super) fn shut(&self) {
        let mut state = self.state();
        state.listener = None;
        state.stop.cancel();
    }

    /// Takes the port again, unless it is held.
    ///
    /// # Errors
    /// When somebody else has taken it in the meantime.
    pub(super) fn reopen(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.listener.is_none() {
            state.listener = Some(bind(self.address.port())?);
            state.stop = CancellationToken::new();
            if let Some(waker) = state.waker.take() {
                waker.wake();
            }
        }
        Ok(())
    }

    fn poll_accept(&self, context: &Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let mut state = self.state();
        // kept while the door is open, too: shutting it drops the listener's own
        state.waker = Some(context.waker().clone());
        match &state.listener {
            Some(listener) => listener.poll_accept(&mut Context::from_waker(context.waker())),
            None => Poll::Pending,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The standard library sets `SO_REUSEADDR`: connections that linger do not hold the port.
fn bind(port: u16) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

impl Listener for Door {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match poll_fn(|context| self.poll_accept(context)).await {
                Ok(accepted) => return accepted,
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
