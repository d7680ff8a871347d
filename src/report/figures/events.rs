//! What happened to weights on their way to the chain: set, committed, revealed, or not.

use chrono::{DateTime, Utc};

use super::newest::{Newest, cut_text};
use crate::report::Span;
use crate::store::{EventRow, Filter, Store, StoreError};
use crate::wire::event::EventType;

const KINDS: [EventType; 2] = [
    EventType::WeightSettingSuccess,
    EventType::WeightSettingFailure,
];
/// Events in the list.
const ROWS: usize = 30;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Events {
    pub(in crate::report) successes: u64,
    pub(in crate::report) failures: u64,
    pub(in crate::report) newest: Newest<Event>,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Event {
    pub(in crate::report) id: i64,
    pub(in crate::report) at: DateTime<Utc>,
    pub(in crate::report) is_failure: bool,
    pub(in crate::report) subtype: String,
    /// Which weights; `None`: it is about batches from which none were made.
    pub(in crate::report) weights: Option<i64>,
    pub(in crate::report) description: String,
}

pub(super) fn read(store: &Store, span: Span) -> Result<Events, StoreError> {
    let mut rows = Vec::new();
    let mut counts = [0; KINDS.len()];
    for (kind, count) in KINDS.iter().zip(&mut counts) {
        rows.extend(store.find_events(&span.newest(Some(kind.name()), ROWS))?);
        let filter = Filter {
            kind: Some(kind.name().to_owned()),
            ..span.filter()
        };
        *count = store.count_events(&filter)?;
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    rows.truncate(ROWS);
    let [successes, failures] = counts;
    Ok(Events {
        successes,
        failures,
        newest: Newest::of(rows.iter().map(event).collect(), successes + failures),
    })
}

fn event(row: &EventRow) -> Event {
    Event {
        id: row.id,
        at: row.at,
        is_failure: row.kind == EventType::WeightSettingFailure.name(),
        subtype: row.subtype.clone(),
        weights: row.data["weights"].as_i64(),
        description: cut_text(&row.description),
    }
}
