//! `horde doctor`

use std::cell::Cell;

use clap::Args;
use horde_validator::doctor::{self, Finding, Verdict};
use horde_validator::pass::Failure;
use horde_validator::settings::Environment;
use serde_json::json;

use crate::{output, signals};

/// Check all that a validator needs, and say what to do
///
/// Looks at wallet, database, disks, passes and timers, node, registration, stake and permit,
/// trusted miner, buckets, places of backups and mail. Changes nothing and sends nothing. Exits 1
/// if anything fails; a warning is no failure. Takes up to half a minute for each thing that does
/// not answer.
#[derive(Debug, Args)]
pub(crate) struct Doctor {}

impl Doctor {
    pub(crate) fn run(&self, environment: &Environment, json: bool) -> Result<(), Failure> {
        let failed = Cell::new(0_usize);
        let tell = |finding: &Finding| {
            if finding.verdict == Verdict::Fail {
                failed.set(failed.get() + 1);
            }
            if !json {
                lines(finding).iter().for_each(output::line);
            }
        };
        let findings = signals::runtime().block_on(doctor::examine(environment, tell));
        if json {
            let outcome = if failed.get() == 0 { "done" } else { "failed" };
            output::document(&json!({"outcome": outcome, "findings": findings}));
        }
        match failed.get() {
            0 => Ok(()),
            1 => Err(Failure::Check {
                finding: "one thing is wrong".to_owned(),
            }),
            many => Err(Failure::Check {
                finding: format!("{many} things are wrong"),
            }),
        }
    }
}

fn lines(finding: &Finding) -> Vec<String> {
    let verdict = finding.verdict.name();
    let text = output::plain(&finding.finding);
    let mut lines = vec![format!("{verdict:<5} {:<14} {text}", finding.what)];
    lines.extend(
        finding
            .to_do
            .iter()
            .map(|to_do| format!("      -> {to_do}")),
    );
    lines
}
