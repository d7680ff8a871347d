//! The `horde` command line: reads arguments, makes one call into the library, prints the outcome.

#![forbid(unsafe_code)]

mod backup_db;
mod cli;
mod config;
mod debug_run;
mod debug_story;
#[cfg(feature = "devnet")]
mod demo;
#[cfg(feature = "devnet")]
mod demo_table;
#[cfg(feature = "devnet")]
mod devnet;
mod doctor;
mod evict;
mod fetch_receipts;
mod list_backups;
mod logging;
mod migrate;
mod miners;
mod notify;
mod output;
mod params;
mod prompts;
mod provision_buckets;
mod relay_organic;
mod restore_db;
mod run_synthetic;
mod schedule_synthetic;
mod send_events;
mod serving;
mod set_weights;
mod signals;
mod status;
mod sync_params;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let bars = logging::start(&cli.shared, cli.is_rehearsal());
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("nothing has chosen a TLS provider before the first line of main");
    match cli.run(bars) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::failure(&failure, cli.shared.json);
            ExitCode::from(failure.exit_code())
        }
    }
}
