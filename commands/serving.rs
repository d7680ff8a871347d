//! `horde serving`

use chrono::Utc;
use clap::{Args, ValueEnum};
use horde_validator::params::{InForce, Setting, Source, named};
use horde_validator::pass::Failure;
use horde_validator::pinning;
use horde_validator::settings::Environment;
use horde_validator::store::Store;
use serde_json::json;

use crate::output;

/// Take part or not: batches, weights and jobs of users
///
/// Of the servers with one hotkey only one may serve: turn the old one off before the new one on.
/// Without an argument it says whether this one serves, and why. A pass that is under way is not
/// stopped. `horde params unpin SERVING` goes back to the default: on, unless MIGRATING is set.
///
/// Example: horde serving off
#[derive(Debug, Args)]
pub(crate) struct Serving {
    #[arg(value_enum)]
    switch: Option<Switch>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

impl Serving {
    pub(crate) fn run(&self, environment: &Environment, json: bool) -> Result<(), Failure> {
        let is_migrating = environment.is_migrating();
        let mut store = Store::open(&environment.database())?;
        let serving = named("SERVING")?;
        let (now, is_changed) = match self.switch {
            None => (pinning::one(&store, serving, is_migrating)?, None),
            Some(switch) => {
                let setting = Setting::Switch(switch == Switch::On);
                let change = pinning::pin(&mut store, serving, &setting, is_migrating, Utc::now())?;
                let is_changed = change.is_felt();
                (change.now, Some(is_changed))
            }
        };
        let is_serving = now.setting == Setting::Switch(true);
        if json {
            output::document(&json!({
                "serving": is_serving,
                "source": now.source.name(),
                "since": now.since,
                "migrating": is_migrating,
                "changed": is_changed.unwrap_or(false),
            }));
            return Ok(());
        }
        let is = match is_changed {
            Some(true) => "is now",
            Some(false) => "was already",
            None => "is",
        };
        let state = if is_serving { "on" } else { "off" };
        output::line(format_args!(
            "serving {is} {state}: {}",
            why(&now, is_migrating)
        ));
        output::line(match is_serving {
            true => "this server runs batches, sets weights and takes jobs of users",
            false => "this server runs no batches, sets no weights and takes no jobs of users",
        });
        Ok(())
    }
}

fn why(serving: &InForce, is_migrating: bool) -> String {
    match (serving.source, serving.since) {
        (Source::Pinned, Some(since)) => format!("pinned since {}", output::minute(since)),
        _ if is_migrating => "MIGRATING is set".to_owned(),
        _ => "that is the default".to_owned(),
    }
}
