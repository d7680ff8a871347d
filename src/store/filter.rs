//! Which rows somebody asks for. All that is said must hold; the newest rows come first.

use chrono::{DateTime, Utc};
use rusqlite::types::Value;

use super::time;

/// What is known of the rows that are looked for. What a kind of row does not have is not asked of
/// it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// From this time on.
    pub since: Option<DateTime<Utc>>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
    /// A miner's hotkey.
    pub miner: Option<String>,
    /// As it stands in the row, in upper or lower case.
    pub outcome: Option<String>,
    /// Name of a pass, type of an event or of a receipt.
    pub kind: Option<String>,
    /// At most so many, the newest.
    pub limit: Option<u32>,
}

/// The columns in which a table keeps what a filter may ask for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Columns {
    pub(super) time: &'static str,
    pub(super) miner: Option<&'static str>,
    pub(super) outcome: Option<&'static str>,
    pub(super) kind: Option<&'static str>,
    /// Newest first.
    pub(super) order: &'static str,
}

impl Filter {
    /// All rows of one span of time.
    pub fn between(since: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        Self {
            since: Some(since),
            until: Some(until),
            ..Self::default()
        }
    }

    /// What follows `WHERE`, with the values that belong to it.
    pub(super) fn condition(&self, columns: Columns) -> (String, Vec<Value>) {
        let mut terms = vec!["1".to_owned()];
        let mut values = Vec::new();
        let mut ask = |column: Option<&str>, test: &str, value: Option<String>| {
            if let Some((column, value)) = column.zip(value) {
                values.push(Value::from(value));
                let number = values.len();
                terms.push(format!("{column} {test} ?{number}"));
            }
        };
        let time = Some(columns.time);
        ask(time, ">=", self.since.map(time::to_text));
        ask(time, "<", self.until.map(time::to_text));
        ask(columns.miner, "=", self.miner.clone());
        ask(columns.kind, "=", self.kind.clone());
        if let Some((column, outcome)) = columns.outcome.zip(self.outcome.as_ref()) {
            values.push(Value::from(outcome.clone()));
            terms.push(format!("lower({column}) = lower(?{})", values.len()));
        }
        let mut condition = format!("{} ORDER BY {}", terms.join(" AND "), columns.order);
        if let Some(limit) = self.limit {
            condition.push_str(&format!(" LIMIT {limit}"));
        }
        (condition, values)
    }
}
