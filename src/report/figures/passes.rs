//! Passes by name and outcome, and the newest that ended badly.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::newest::{Newest, cut_text};
use crate::report::Span;
use crate::store::{Filter, PassOutcome, PassRow, Store, StoreError};

/// Bad ends in the table.
const ROWS: usize = 20;
const BAD: [PassOutcome; 4] = [
    PassOutcome::Failed,
    PassOutcome::Unreachable,
    PassOutcome::Misconfigured,
    PassOutcome::Interrupted,
];
/// Of passes that have no outcome.
const RUNNING: &str = "running";

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Passes {
    /// By name.
    pub(in crate::report) counts: Vec<PassCounts>,
    pub(in crate::report) ended_badly: Newest<Ending>,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct PassCounts {
    pub(in crate::report) name: String,
    /// When the newest of them began.
    pub(in crate::report) newest_at: DateTime<Utc>,
    /// Outcome -> passes; `running`: they run, or were killed.
    pub(in crate::report) outcomes: BTreeMap<&'static str, u64>,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Ending {
    pub(in crate::report) id: i64,
    pub(in crate::report) name: String,
    pub(in crate::report) started_at: DateTime<Utc>,
    pub(in crate::report) seconds: f64,
    pub(in crate::report) outcome: &'static str,
    pub(in crate::report) summary: String,
}

impl PassCounts {
    pub(in crate::report) fn of(&self, outcome: &str) -> u64 {
        self.outcomes.get(outcome).copied().unwrap_or(0)
    }

    pub(in crate::report) fn ended_badly(&self) -> u64 {
        BAD.iter().map(|outcome| self.of(outcome.name())).sum()
    }
}

pub(super) fn read(store: &Store, span: Span) -> Result<Passes, StoreError> {
    let mut counts: Vec<PassCounts> = Vec::new();
    for row in store.count_passes(&span.filter())? {
        let outcome = row.outcome.map_or(RUNNING, PassOutcome::name);
        match counts.last_mut().filter(|last| last.name == row.name) {
            Some(last) => {
                last.newest_at = last.newest_at.max(row.newest_at);
                last.outcomes.insert(outcome, row.count);
            }
            None => counts.push(PassCounts {
                name: row.name,
                newest_at: row.newest_at,
                outcomes: BTreeMap::from([(outcome, row.count)]),
            }),
        }
    }
    let mut bad = Vec::new();
    for outcome in BAD {
        bad.extend(store.find_passes(&Filter {
            outcome: Some(outcome.name().to_owned()),
            ..span.newest(None, ROWS)
        })?);
    }
    bad.sort_by_key(|pass| std::cmp::Reverse(pass.id.number()));
    bad.truncate(ROWS);
    let all_bad = counts.iter().map(PassCounts::ended_badly).sum();
    Ok(Passes {
        counts,
        ended_badly: Newest::of(bad.into_iter().filter_map(ending).collect(), all_bad),
    })
}

/// `None`: it has not ended.
fn ending(pass: PassRow) -> Option<Ending> {
    let end = pass.end?;
    Some(Ending {
        id: pass.id.number(),
        name: pass.name,
        started_at: pass.started_at,
        seconds: (end.at - pass.started_at).as_seconds_f64(),
        outcome: end.outcome.name(),
        summary: cut_text(&end.summary),
    })
}
