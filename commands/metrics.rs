//! `horde metrics`

use std::net::TcpStream;
use std::os::fd::AsFd;
use std::path::PathBuf;

use chrono::Utc;
use clap::Args;
use horde_validator::metrics::{self, Identity, MetricsError};
use horde_validator::pass::Failure;
use horde_validator::settings::Environment;
use horde_validator::store::Store;
use serde_json::json;

use crate::output;

/// Print metrics for Prometheus
///
/// Reads the database alone, waits for nobody, changes nothing. A socket of systemd can start one
/// for each scrape: it answers in clear text, or, with cert.crt, cert.key and ca.crt in
/// HORDE_MONITORING_CERTS, in TLS to clients with a certificate of that authority only.
///
/// Example: horde metrics --textfile /run/horde-metrics/horde.prom
#[derive(Debug, Args)]
pub(crate) struct Metrics {
    /// Write them to this file, as node_exporter reads it
    #[arg(long, value_name = "FILE", conflicts_with = "socket_activated")]
    textfile: Option<PathBuf>,

    /// Answer one HTTP request on the connection that is stdin
    #[arg(long)]
    socket_activated: bool,
}

impl Metrics {
    pub(crate) fn run(&self, environment: &Environment, json: bool) -> Result<(), Failure> {
        if self.socket_activated {
            return serve(environment);
        }
        let text = text(environment)?;
        match &self.textfile {
            None if json => output::document(&json!({ "metrics": text })),
            None => output::line(text.trim_end()),
            Some(file) => {
                metrics::write(file, &text)?;
                if json {
                    output::document(&json!({ "file": file, "bytes": text.len() }));
                }
            }
        }
        Ok(())
    }
}

fn text(environment: &Environment) -> Result<String, Failure> {
    let store = Store::open(&environment.database())?;
    Ok(metrics::text(&store, environment, Utc::now())?)
}

fn serve(environment: &Environment) -> Result<(), Failure> {
    let identity = Identity::read(&environment.monitoring_certificates())?;
    let stdin = std::io::stdin().as_fd().try_clone_to_owned();
    let connection = stdin.map_err(MetricsError::NoConnection)?;
    let metrics = || text(environment).map_err(|failure| failure.lines().join(": "));
    metrics::answer(TcpStream::from(connection), identity.as_ref(), metrics)
        .map_err(MetricsError::NoConnection)?;
    Ok(())
}
