//! `horde params`

use chrono::Utc;
use clap::{Args, Subcommand};
use horde_validator::params::{InForce, Source, idle_parts, named};
use horde_validator::pass::Failure;
use horde_validator::pinning::{self, Change};
use horde_validator::settings::Environment;
use horde_validator::store::Store;
use serde_json::{Map, Value, json};

use crate::output;

/// Show or pin the subnet's parameters, and where each value comes from
///
/// Each has a default, which a published value replaces, which a pinned one replaces. `horde
/// sync-params` fetches what the subnet owner publishes; a pinned value stays until it is
/// unpinned. A running pass goes on with the values that it began with.
///
/// Example: horde params pin DYNAMIC_WEIGHTS_VERSION 4
#[derive(Debug, Args)]
pub(crate) struct Params {
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Set a parameter on this server, whatever is published
    Pin {
        /// As `horde params` shows it
        name: String,
        /// true or false, a number, or a text, as the parameter has it
        #[arg(allow_negative_numbers = true)]
        value: String,
    },
    /// Let the published value count again, or the default
    Unpin {
        /// As `horde params` shows it
        name: String,
    },
}

impl Params {
    pub(crate) fn run(&self, environment: &Environment, json: bool) -> Result<(), Failure> {
        let is_migrating = environment.is_migrating();
        let mut store = Store::open(&environment.database())?;
        match &self.act {
            None => list(&pinning::all(&store, is_migrating)?, json),
            Some(Act::Pin { name, value }) => {
                let parameter = named(name)?;
                let setting = parameter
                    .parse(value)
                    .map_err(|error| Failure::Naming(error.into()))?;
                let now = Utc::now();
                let change = pinning::pin(&mut store, parameter, &setting, is_migrating, now)?;
                changed(&change, json);
            }
            Some(Act::Unpin { name }) => {
                let change = pinning::unpin(&mut store, named(name)?, is_migrating)?;
                if change.before.source != Source::Pinned && !json {
                    output::line(format_args!("{name} is not pinned"));
                }
                changed(&change, json);
            }
        }
        Ok(())
    }
}

fn changed(change: &Change, json: bool) {
    let (before, now) = (&change.before, &change.now);
    let text = now.setting.to_string();
    let idle = idle_parts(now.parameter, &text);
    let source = |one: &InForce| one.source.name();
    if json {
        let entry =
            |one: &InForce| json!({"value": Value::from(&one.setting), "source": source(one)});
        return output::document(&json!({
            "name": now.parameter.name,
            "before": entry(before),
            "now": entry(now),
            "changed": change.is_felt(),
            "idle": idle,
        }));
    }
    let mut lines = vec![
        now.parameter.name.to_owned(),
        format!("  before  {} ({})", before.setting, source(before)),
        format!("  now     {text} ({})", source(now)),
    ];
    let useless = |part| format!("  ! `{part}` counts for nothing: not a class and its number");
    lines.extend(idle.into_iter().map(useless));
    for line in lines {
        output::line(output::plain(&line));
    }
}

fn list(all: &[InForce], json: bool) {
    if json {
        let entries = all.iter().map(|one| {
            let published = one.hidden.as_ref();
            let entry = json!({
                "value": Value::from(&one.setting),
                "source": one.source.name(),
                "since": one.since,
                "published": published
                    .map(|(setting, since)| json!({"value": Value::from(setting), "since": since})),
                "meaning": one.parameter.meaning,
            });
            (one.parameter.name.to_owned(), entry)
        });
        return output::document(&Value::Object(entries.collect::<Map<_, _>>()));
    }
    for one in all {
        lines(one).iter().for_each(output::line);
    }
}

/// Name and value; source and meaning; when it changed, and what a pinned value hides.
fn lines(one: &InForce) -> Vec<String> {
    const WIDTH: usize = 80;
    let (name, value) = (one.parameter.name, one.setting.to_string());
    let mut lines = match format!("{name:<53}  {value}") {
        fitting if fitting.chars().count() <= WIDTH => vec![fitting],
        _ => vec![name.to_owned(), format!("  {:<9}  {value}", "")],
    };
    lines.push(format!(
        "  {:<9}  {}",
        one.source.name(),
        one.parameter.meaning
    ));
    if let Some(since) = one.since {
        lines.push(format!("  {:<9}  since {}", "", output::minute(since)));
    }
    if let Some((setting, since)) = &one.hidden {
        let since = output::minute(*since);
        lines.push(format!(
            "  {:<9}  hides what is published since {since}:",
            ""
        ));
        lines.push(format!("  {:<9}  {setting}", ""));
    }
    lines.iter().map(|line| output::fitted(line)).collect()
}
