//! Events: what the validator noticed, as the stats collector is told.

use super::cell::{second, second_of};
use super::{Evidence, EvidenceError, Table};
use crate::store::{Filter, Store};

/// Events by time, type and subtype, and by the miner that is named in their data.
pub fn events(store: &Store, filter: &Filter) -> Result<Evidence, EvidenceError> {
    let columns = &["event", "at", "type", "subtype", "sent_at", "description"];
    let rows = store.find_events(filter)?;
    Ok(Evidence::list(Table::new(
        "events",
        columns,
        rows,
        |event| {
            vec![
                event.id.into(),
                second(event.at),
                event.kind.into(),
                event.subtype.into(),
                second_of(event.sent_at),
                event.description.into(),
            ]
        },
    )))
}

/// One event by its number, with its data.
pub fn event(store: &Store, number: i64) -> Result<Evidence, EvidenceError> {
    let found = store.event(number)?;
    let event = found.ok_or_else(|| EvidenceError::unknown("event", number, "events"))?;
    Ok(Evidence {
        facts: vec![
            ("event", event.id.into()),
            ("at", second(event.at)),
            ("type", event.kind.into()),
            ("subtype", event.subtype.into()),
            ("description", event.description.into()),
            ("sent_at", second_of(event.sent_at)),
            ("data", event.data),
        ],
        tables: Vec::new(),
    })
}
