//! `horde status`

use std::io::IsTerminal;
use std::time::Duration;

use chrono::Utc;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory};
use console::Term;
use horde_validator::params::Params;
use horde_validator::pass::Failure;
use horde_validator::settings::Environment;
use horde_validator::status::Status as Report;
use horde_validator::store::Store;

use crate::cli::Cli;
use crate::output;
use crate::status_screen::lines;

/// Show what happened last, what is due, and what is wrong
///
/// Reads the database alone: it answers at once, and also when the chain is away. Exits 0 even
/// if something is wrong; the answer says so.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Show it again and again, until Ctrl-C [every 2 s, or SECONDS]
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2",
          conflicts_with = "json", value_parser = clap::value_parser!(u16).range(1..=3600))]
    watch: Option<u16>,
}

impl Status {
    pub(crate) fn run(&self, environment: &Environment, json: bool) -> Result<(), Failure> {
        if let Some(seconds) = self.watch {
            return watch(environment, Duration::from_secs(seconds.into()));
        }
        if json {
            let report = read(environment)?;
            output::document(&serde_json::to_value(&report).expect("a status is JSON"));
        } else {
            let lines = lines(&read(environment)?, Utc::now());
            lines.iter().for_each(output::line);
        }
        Ok(())
    }
}

fn read(environment: &Environment) -> Result<Report, Failure> {
    let store = Store::open(&environment.database())?;
    let (params, _) = Params::from_overrides(store.params()?);
    let is_serving = params.is_serving(environment.is_migrating());
    Ok(Report::read(&store, environment, is_serving, Utc::now())?)
}

/// Writes over what it wrote before; a failure (a restore that runs, say) is shown until it passes.
#[expect(clippy::disallowed_methods, reason = "no runtime waits on this thread")]
fn watch(environment: &Environment, interval: Duration) -> Result<(), Failure> {
    if !std::io::stdout().is_terminal() {
        let finding = "--watch needs a terminal; --json is for programs";
        Cli::command()
            .error(ErrorKind::ArgumentConflict, finding)
            .exit()
    }
    let screen = Term::stdout();
    // nobody is left to read where the terminal is gone
    let _ = screen.clear_screen();
    loop {
        let now = Utc::now();
        let shown = read(environment).map(|report| lines(&report, now));
        let shown = shown.unwrap_or_else(|failure| failure.lines());
        let room = usize::from(screen.size().0).saturating_sub(1);
        if screen.move_cursor_to(0, 0).is_err() {
            return Ok(());
        }
        for line in shown.iter().take(room) {
            let _ = screen.clear_line();
            let _ = screen.write_line(line);
        }
        let _ = screen.clear_to_end_of_screen();
        std::thread::sleep(interval);
    }
}
