//! The frame around every pass: lock, store, parameters, row, span, outcome.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, error, info, info_span, warn};

use super::{Failure, Lock, LockName, Outcome, Ping, Progress, VERSION, load_hotkey};
use crate::keys::Keypair;
use crate::params::Params;
use crate::settings::Environment;
use crate::store::{PassOutcome, Store};
use crate::timing;

/// How long a pass may go on after Ctrl-C or SIGTERM, to store what it knows.
const GRACE: Duration = Duration::from_secs(30);

/// What the command line hands to a pass.
#[derive(Clone, Debug)]
pub struct Frame {
    pub environment: Environment,
    pub progress: Progress,
    /// Cancelled by Ctrl-C and SIGTERM.
    pub stop: CancellationToken,
}

/// One run of one subcommand.
#[derive(Debug)]
pub struct Pass {
    pub environment: Environment,
    pub store: Store,
    pub params: Params,
    pub progress: Progress,
    pub stop: CancellationToken,
}

impl Pass {
    /// The one clock of the passes.
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    /// The hotkey of the settings.
    pub fn hotkey(&self) -> Result<Keypair, Failure> {
        Ok(load_hotkey(&self.environment.wallet()?)?)
    }

    /// Whether this server runs batches and sets weights. Off while it is being migrated.
    pub fn is_serving(&self) -> bool {
        self.params.is_serving(self.environment.is_migrating())
    }
}

/// Runs `body` as the pass of this name. If another run of it is under way, does nothing.
///
/// # Errors
/// Whatever the body fails with; the failure is recorded before it is returned.
pub async fn run(
    name: &'static str,
    frame: &Frame,
    body: impl AsyncFnOnce(&mut Pass) -> Result<Outcome, Failure>,
) -> Result<Outcome, Failure> {
    run_with_grace(name, frame, GRACE, body).await
}

/// The same for a pass that may take longer to come to an end once it is told to.
///
/// # Errors
/// As above.
pub async fn run_with_grace(
    name: &'static str,
    frame: &Frame,
    grace: Duration,
    body: impl AsyncFnOnce(&mut Pass) -> Result<Outcome, Failure>,
) -> Result<Outcome, Failure> {
    let mut store = Store::open(&frame.environment.database())?;
    let Some(_lock) = Lock::try_take(store.path(), LockName::Pass(name))? else {
        return Ok(Outcome::idle(format!("another run of {name} is under way")));
    };
    let (params, findings) = Params::from_overrides(store.params()?);
    for finding in findings {
        warn!(%finding, "parameter ignored");
    }
    let id = store.begin_pass(name, VERSION, Utc::now())?;
    let mut pass = Pass {
        environment: frame.environment.clone(),
        store,
        params,
        progress: frame.progress.clone(),
        stop: frame.stop.clone(),
    };
    let span = info_span!("pass", command = name, number = id.number());
    let result = async {
        tokio::select! {
            result = body(&mut pass) => result,
            () = overdue(&frame.stop, grace) => Err(Failure::Interrupted),
        }
    }
    .instrument(span)
    .await;
    let (outcome, summary) = match &result {
        Ok(outcome) if outcome.is_idle => (PassOutcome::Idle, outcome.summary.clone()),
        Ok(outcome) => (PassOutcome::Done, outcome.summary.clone()),
        Err(failure) => (failure.recorded_as(), failure.lines().join(": ")),
    };
    if let Err(error) = pass.store.end_pass(id, outcome, &summary, Utc::now()) {
        error!(%error, "the end of the pass could not be recorded");
    }
    if let Err(error) = pass.store.add_block_times(&timing::take()) {
        warn!(%error, "times of this pass are not kept");
    }
    let in_a_row = pass.store.unreachable_in_a_row(name).unwrap_or(0);
    if let Some(ping) = Ping::after(outcome, in_a_row) {
        ping.send(&pass.environment).await;
    }
    match outcome {
        PassOutcome::Done => info!(pass = name, "{summary}"),
        // timers start passes that find nothing to do all day long
        _ => debug!(pass = name, outcome = outcome.name(), "{summary}"),
    }
    result
}

async fn overdue(stop: &CancellationToken, grace: Duration) {
    stop.cancelled().await;
    tokio::time::sleep(grace).await;
}
