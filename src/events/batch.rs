//! The oldest unsent events, as many as go into one request.

use std::ops::ControlFlow;

use crate::store::{EventId, Store, StoreError};

/// The collector takes no more at once (spec: events).
const MOST_EVENTS: usize = 10_000;
/// Of the request's body. A bound of our own: it can be sent in time over a slow line, and few
/// servers refuse it.
const MOST_BYTES: usize = 8 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Batch {
    pub(super) ids: Vec<EventId>,
    /// A list of events, as JSON text.
    pub(super) json: String,
}

impl Batch {
    /// `None`: all events are sent. An event that is larger than a request may be goes alone.
    pub(super) fn next(store: &Store) -> Result<Option<Self>, StoreError> {
        let mut ids = Vec::new();
        let mut json = String::new();
        store.each_unsent_event(|id, event| {
            let text = event.for_collector().to_string();
            let is_full = ids.len() == MOST_EVENTS || json.len() + text.len() + 2 > MOST_BYTES;
            if is_full && !ids.is_empty() {
                return ControlFlow::Break(());
            }
            json.push(if ids.is_empty() { '[' } else { ',' });
            json.push_str(&text);
            ids.push(id);
            ControlFlow::Continue(())
        })?;
        json.push(']');
        Ok((!ids.is_empty()).then_some(Self { ids, json }))
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use serde_json::Value;

    use super::*;
    use crate::wire::event::{Event, EventSubtype, EventType};

    fn store_with(descriptions: &[String]) -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("horde.db");
        let mut store = Store::open_or_create(&path).expect("a database");
        for description in descriptions {
            let (kind, subtype) = (EventType::ValidatorFailure, EventSubtype::Failure);
            let event = Event::new(kind, subtype, Utc::now(), description);
            store.keep_event(&event).expect("kept");
        }
        (folder, store)
    }

    #[test]
    fn large_events_are_spread_over_requests_and_a_huge_one_goes_alone() {
        let sizes = [3, 3, 3, 9, 1];
        let descriptions = sizes.map(|mebibytes| "x".repeat(mebibytes << 20));
        let (_folder, mut store) = store_with(&descriptions);
        let mut counts = Vec::new();
        while let Some(batch) = Batch::next(&store).expect("readable") {
            let list: Vec<Value> = serde_json::from_str(&batch.json).expect("a list");
            assert_eq!(list.len(), batch.ids.len());
            assert!(list.len() == 1 || batch.json.len() <= MOST_BYTES);
            counts.push(list.len());
            store
                .mark_events_sent(&batch.ids, Utc::now())
                .expect("kept");
        }
        assert_eq!(counts, [2, 1, 1, 1]);
    }
}
