//! The times of a job, one after the other.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::Value;

use super::Table;
use super::cell::{microsecond, seconds};

/// Each step, when it was, and how many seconds after the one before. Times are microseconds of
/// Unix time.
pub(super) fn steps(times: &BTreeMap<String, i64>) -> Table {
    let mut steps: Vec<(&str, i64)> = times.iter().map(|(name, us)| (&**name, *us)).collect();
    steps.sort_by_key(|(_, us)| *us);
    let mut before = None;
    let rows = steps.into_iter().map(|(name, us)| {
        let since = before.map(|before| seconds(us.saturating_sub(before)));
        before = Some(us);
        let at = DateTime::from_timestamp_micros(us);
        vec![
            name.into(),
            at.map_or(Value::Null, microsecond),
            since.into(),
        ]
    });
    Table {
        name: "steps",
        columns: &["step", "at", "seconds"],
        rows: rows.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_in_the_order_of_their_times() {
        let times = BTreeMap::from([("answer".to_owned(), 3_500_000), ("ask".to_owned(), 0)]);
        let rows = steps(&times).rows;
        assert_eq!(rows[0][0], "ask");
        assert_eq!(rows[0][1], "1970-01-01T00:00:00.000000Z");
        assert_eq!((&rows[0][2], &rows[1][2]), (&Value::Null, &3.5.into()));
    }
}
