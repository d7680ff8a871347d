//! Failures and panics to Sentry, if its address is set. What is a secret of the
//! settings is taken out of everything that leaves.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use horde_validator::pass::{Failure, VERSION};
use horde_validator::settings::{Environment, MASK};
use sentry::protocol::Event;
use sentry::transports::{ReqwestHttpTransport, ReqwestHttpTransportOptions};
use sentry::types::Dsn;
use sentry::{
    ClientInitGuard, ClientOptions, Envelope, Level, Transport, TransportFactory, TransportOptions,
};
use serde_json::Value;
use tracing::warn;

/// A pass must not wait for it longer than this when it ends.
const PATIENCE: Duration = Duration::from_secs(3);

/// Starts reporting; what was not sent yet is sent when the guard is dropped.
pub(crate) fn start(environment: &Environment) -> Option<ClientInitGuard> {
    let dsn = environment.sentry_dsn()?;
    let Ok(dsn) = dsn.reveal().parse::<Dsn>() else {
        warn!("SENTRY_DSN is not an address of Sentry: nothing is reported");
        return None;
    };
    let secrets = environment.secrets();
    let clean = move |event: Event<'static>| without(&secrets, event);
    let mut options = ClientOptions::default();
    options.dsn = Some(dsn);
    options.release = Some(VERSION.into());
    options.environment = Some(environment.name().to_owned().into());
    options.shutdown_timeout = PATIENCE;
    options.before_send = Some(Arc::new(clean));
    options.transport = Some(Arc::new(OnDemand));
    Some(sentry::init(options))
}

/// Reports what has ended a subcommand, unless the next pass may do better by itself, or a check
/// has failed, which is an answer.
pub(crate) fn failure(failure: &Failure, subcommand: &str) {
    if failure.is_passing() || matches!(failure, Failure::Check { .. }) {
        return;
    }
    let lines = failure.lines();
    sentry::with_scope(
        |scope| {
            scope.set_tag("subcommand", subcommand);
            // the same failure every minute is one issue
            scope.set_fingerprint(Some(&[subcommand, lines[0].as_str()]));
        },
        || sentry::capture_message(&lines.join(": "), Level::Error),
    );
}

/// The event with every secret masked, wherever it stands; `None`: it cannot be told apart.
fn without(secrets: &[String], event: Event<'static>) -> Option<Event<'static>> {
    let mut document = serde_json::to_value(event).ok()?;
    mask(secrets, &mut document);
    serde_json::from_value(document).ok()
}

fn mask(secrets: &[String], value: &mut Value) {
    match value {
        Value::String(text) => {
            for secret in secrets {
                if text.contains(secret) {
                    *text = text.replace(secret, MASK);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|one| mask(secrets, one)),
        Value::Object(values) => values.values_mut().for_each(|one| mask(secrets, one)),
        Value::Null | Value::Bool(_) | Value::Number(_) => (),
    }
}

/// A client of HTTP is made only when there is something to send: most passes have nothing.
struct OnDemand;

impl TransportFactory for OnDemand {
    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        Arc::new(Sender {
            options: Mutex::new(Some(options)),
            real: OnceLock::new(),
        })
    }
}

struct Sender {
    /// Until it is made.
    options: Mutex<Option<TransportOptions>>,
    real: OnceLock<ReqwestHttpTransport>,
}

impl Transport for Sender {
    fn send_envelope(&self, envelope: Envelope) {
        let real = || {
            let mut options = self.options.lock().unwrap_or_else(PoisonError::into_inner);
            let options = options.take().expect("it is made once");
            let mut making = ReqwestHttpTransportOptions::from(options);
            // its own client would wait for an answer without end
            if let Ok(client) = reqwest::Client::builder().timeout(PATIENCE).build() {
                making = making.with_client(client);
            }
            making.build()
        };
        self.real.get_or_init(real).send_envelope(envelope);
    }

    fn flush(&self, timeout: Duration) -> bool {
        self.real.get().is_none_or(|real| real.flush(timeout))
    }

    fn shutdown(&self, timeout: Duration) -> bool {
        self.real.get().is_none_or(|real| real.shutdown(timeout))
    }
}
