//! `horde status`

use chrono::{DateTime, Utc};
use clap::Args;
use horde_validator::params::Params;
use horde_validator::pass::Failure;
use horde_validator::settings::Environment;
use horde_validator::status::Status as Report;
use horde_validator::store::Store;
use indicatif::HumanBytes;

use crate::output::{self, ago, fitted};

/// Show what happened last, what is due, and what is wrong
///
/// Reads the database alone: it answers at once, and also when the chain is away. Exits 0 even
/// if something is wrong; the answer says so.
#[derive(Debug, Args)]
pub(crate) struct Status {}

impl Status {
    pub(crate) fn run(&self, environment: &Environment, json: bool) -> Result<(), Failure> {
        let store = Store::open(&environment.database())?;
        let (params, _) = Params::from_overrides(store.params()?);
        let is_serving = params.is_serving(environment.is_migrating());
        let now = Utc::now();
        let report = Report::read(&store, environment, is_serving, now)?;
        if json {
            output::document(&serde_json::to_value(&report).expect("a status is JSON"));
        } else {
            lines(&report, now).iter().for_each(output::line);
        }
        Ok(())
    }
}

fn lines(status: &Report, now: DateTime<Utc>) -> Vec<String> {
    let mut lines = vec![
        format!("serving    {}", if status.serving { "yes" } else { "NO" }),
        format!(
            "database   {} (version {})",
            status.database.path, status.database.version
        ),
    ];
    lines.push(match &status.chain {
        None => "chain      not seen yet".to_owned(),
        Some(chain) => format!(
            "chain      block {}, seen {}",
            chain.block,
            ago(chain.seen_at, now)
        ),
    });
    if let Some((blocks, tempos)) = status
        .chain
        .as_ref()
        .and_then(|chain| chain.blocks_since_update.zip(chain.tempos_since_update))
    {
        lines.push(format!(
            "on chain   our last write is {blocks} blocks old ({tempos:.1} tempos)"
        ));
    }
    lines.push(match &status.batch {
        None => "batch      none planned yet".to_owned(),
        Some(batch) => format!(
            "batch      {} at block {}: {}",
            batch.id, batch.block, batch.state
        ),
    });
    lines.push(match &status.weights {
        None => "weights    none decided yet".to_owned(),
        Some(weights) => {
            let due = match (weights.state, weights.reveal_from) {
                ("placed", Some(from)) => format!(", reveal from block {from}"),
                _ => String::new(),
            };
            format!(
                "weights    {} ({}): {}{due}",
                weights.id, weights.way, weights.state
            )
        }
    });
    if let Some(line) = &status.facilitator {
        let since = ago(line.since, now);
        let state = match line.connected {
            true => format!("connected {since}, {} jobs run", line.jobs_running),
            false => format!("NOT connected, since {since}: {}", line.finding),
        };
        lines.push(fitted(&format!("relay      {state}")));
    }
    if let Some(backup) = &status.backup {
        let (age, size) = (ago(backup.made_at, now), HumanBytes(backup.bytes));
        let places = backup.places.join(", ");
        lines.push(fitted(&format!("backup     {age}, {size}, in {places}")));
    }
    if let Some(restored) = &status.restored {
        lines.push(fitted(&format!(
            "restored   {}; set-weights compares it with the chain first; {}",
            ago(restored.at, now),
            restored.backup
        )));
    }
    if !status.passes.is_empty() {
        lines.push(String::new());
    }
    for pass in &status.passes {
        let outcome = pass.outcome.unwrap_or("running");
        let text = format!(
            "{:<20} {:>9} {outcome:<13} {}",
            pass.name,
            ago(pass.started_at, now),
            pass.summary
        );
        lines.push(fitted(&text));
    }
    lines.push(String::new());
    match &status.problems[..] {
        [] => lines.push("all is well".to_owned()),
        problems => {
            for problem in problems {
                lines.push(fitted(&format!("! {}", problem.what)));
                lines.push(fitted(&format!("  -> {}", problem.to_do)));
            }
        }
    }
    lines
}
