//! `horde list-backups`

use chrono::{DateTime, Utc};
use clap::Args;
use horde_validator::backup::{self, Listed, Listing};
use horde_validator::pass::Failure;
use horde_validator::settings::Environment;
use indicatif::HumanBytes;
use serde_json::json;

use crate::output::{self, ago};
use crate::signals;

/// Show the backups that can be restored, newest first
///
/// Looks into the local folder and into the buckets that are set. A backup is shown as checked if
/// this validator has unpacked it and found it whole, or, in a bucket, if it has arrived whole.
/// What was sent by mail is with its receivers. Needs no database.
#[derive(Debug, Args)]
pub(crate) struct ListBackups {
    /// Look into the local folder only
    #[arg(long)]
    local: bool,
}

impl ListBackups {
    pub(crate) fn run(&self, environment: &Environment, json: bool) -> Result<(), Failure> {
        let listing = signals::runtime().block_on(backup::list(environment, self.local))?;
        if json {
            output::document(&document(&listing));
        } else {
            lines(&listing, Utc::now()).iter().for_each(output::line);
        }
        match listing.failed.into_iter().next() {
            Some((_, error)) => Err(error.into()),
            None => Ok(()),
        }
    }
}

fn document(listing: &Listing) -> serde_json::Value {
    json!({
        "backups": listing.backups,
        "failed": listing.failed.iter().map(|(place, error)| json!({
            "place": place,
            "error": error.to_string(),
        })).collect::<Vec<_>>(),
    })
}

fn lines(listing: &Listing, now: DateTime<Utc>) -> Vec<String> {
    let mut lines: Vec<String> = listing.backups.iter().map(|one| line(one, now)).collect();
    if lines.is_empty() {
        lines.push("no backups".to_owned());
    }
    let failed = listing.failed.iter();
    lines.extend(failed.map(|(place, error)| format!("{}: {error}", place.name())));
    lines
}

fn line(backup: &Listed, now: DateTime<Utc>) -> String {
    let checked = match backup.checked_at {
        Some(at) => format!("checked {}", ago(at, now)),
        None => "not checked".to_owned(),
    };
    format!(
        "{:<42} {:>10} {:>10}  {:<5} {checked}",
        backup.name,
        HumanBytes(backup.bytes).to_string(),
        ago(backup.made_at, now),
        backup.place.name(),
    )
}
