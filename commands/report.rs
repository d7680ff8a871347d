//! `horde report`

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory};
use horde_validator::pass::Failure;
use horde_validator::report::{self, Figures, Span};
use horde_validator::settings::Environment;
use horde_validator::store::Store;
use indicatif::HumanBytes;
use serde_json::json;

use crate::cli::Cli;
use crate::moment::moment;
use crate::output;

/// Write a page about the last days, with charts
///
/// One HTML file about weights, batches, jobs, passes and backups of a span of time. A browser
/// shows it without any network. Reads the database alone and changes nothing in it; an older page
/// is replaced.
///
/// TIME is UTC: 2026-03-01, 2026-03-01T12:00, or 6h (so long ago).
///
/// Example: horde report --days 30 --output march.html
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// How many days, until now
    #[arg(long, default_value_t = 7, value_name = "DAYS", conflicts_with = "since",
          value_parser = clap::value_parser!(u16).range(1..=3660))]
    days: u16,

    /// From this time on, instead of --days
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<DateTime<Utc>>,

    /// Before this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment, requires = "since")]
    until: Option<DateTime<Utc>>,

    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "horde-report.html")]
    output: PathBuf,
}

impl Report {
    pub(crate) fn run(&self, environment: &Environment, json: bool) -> Result<(), Failure> {
        let now = Utc::now();
        let span = self.span(now);
        let store = Store::open(&environment.database())?;
        let page = report::page(&Figures::read(&store, span, now)?);
        report::write(&self.output, &page).map_err(|error| Failure::Input {
            path: self.output.clone(),
            finding: error.to_string(),
        })?;
        if json {
            output::document(&json!({ "file": self.output, "bytes": page.len() }));
        } else {
            let size = HumanBytes(page.len() as u64);
            output::line(format_args!("{} ({size})", self.output.display()));
        }
        Ok(())
    }

    /// Ends the program where the times make no span, as clap does for what it finds itself.
    fn span(&self, now: DateTime<Utc>) -> Span {
        let Some(since) = self.since else {
            return Span::last_days(self.days, now);
        };
        Span::new(since, self.until.unwrap_or(now)).unwrap_or_else(|| {
            let finding = "--since must lie before --until, or before now";
            Cli::command()
                .error(ErrorKind::ValueValidation, finding)
                .exit()
        })
    }
}
