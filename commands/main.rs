//! The `horde` command line: reads arguments, makes one call into the library, prints the outcome.

#![forbid(unsafe_code)]

mod backup_db;
mod cli;
mod completions;
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
mod inspect;
mod list_backups;
mod logging;
mod man;
mod metrics;
mod migrate;
mod miners;
mod moment;
mod notify;
mod output;
mod params;
mod prompts;
mod provision_buckets;
mod relay_organic;
mod report;
mod reporting;
mod restore_db;
mod run_synthetic;
mod schedule_synthetic;
mod send_events;
mod serving;
mod set_weights;
mod signals;
mod status;
mod status_screen;
mod sync_params;
mod table;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use horde_validator::pass::Failure;
use horde_validator::settings::Environment;
use indicatif::MultiProgress;
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::cli::Cli;

fn main() -> ExitCode {
    forbid_core_dumps();
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if cli.shared.no_color {
        console::set_colors_enabled(false);
    }
    let bars = logging::start(&cli.shared, cli.is_rehearsal());
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("nothing has chosen a TLS provider before the first line of main");
    match run(&cli, matches.subcommand_name().unwrap_or_default(), bars) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::failure(&failure, cli.shared.json, logging::format(&cli.shared));
            ExitCode::from(failure.exit_code())
        }
    }
}

/// There are keys in memory. Units forbid it, too, and there the call itself is not allowed.
fn forbid_core_dumps() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
}

fn run(cli: &Cli, subcommand: &str, bars: MultiProgress) -> Result<(), Failure> {
    let file = cli.shared.env_file.as_deref();
    let environment = match cli.tells_of_failures() {
        true => Environment::salvaged(file),
        false => Environment::read(file)?,
    };
    // what is to be reported is sent when this ends
    let _reporting = reporting::start(&environment);
    let result = cli.run(&environment, bars);
    if let Err(failure) = &result {
        reporting::failure(failure, subcommand);
    }
    result
}
