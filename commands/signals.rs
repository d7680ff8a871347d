//! Ctrl-C and SIGTERM, as a token that passes look at. A second signal ends the process at once.

use std::sync::OnceLock;

use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// The runtime that all passes run on.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("threads and file descriptors can be had"))
}

/// Cancelled by the first signal.
pub(crate) fn stop_token() -> CancellationToken {
    let token = CancellationToken::new();
    let stop = token.clone();
    runtime().spawn(async move {
        let kinds = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
        );
        let (Ok(mut interrupt), Ok(mut terminate)) = kinds else {
            warn!("signals cannot be watched");
            return;
        };
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
        }
        stop.cancel();
        warn!("ending the pass; what is known is stored");
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
        }
        std::process::exit(75);
    });
    token
}
