//! Weights on their way to the chain.

use maud::html;

use super::table::{Cell, Row, number, rows, table, text};
use super::words::second;
use super::{Section, nothing};
use crate::report::figures::{Event, Events};

pub(super) fn section(events: &Events) -> Section {
    let columns = [
        text("at", "At"),
        text("subtype", "What"),
        number("weights", "Weights"),
        text("description", "Description"),
    ];
    let row = |event: &Event| Row {
        key: event.id.to_string(),
        cells: vec![
            Cell::new(event.at.to_rfc3339(), &second(event.at)),
            Cell::new(
                &event.subtype,
                &event.subtype.replace('_', " ").to_lowercase(),
            )
            .bad_if(event.is_failure),
            Cell::maybe(event.weights, ToString::to_string),
            Cell::plain(&event.description).long(),
        ],
    };
    let inside = html! {
        @if events.newest.rows.is_empty() {
            (nothing("No weights were set, committed or revealed in this time."))
        } @else {
            p {
                span.count data-cell="chain_events/successes" data-value=(events.successes) {
                    (events.successes) " went well"
                }
                " "
                span.count data-cell="chain_events/failures" data-value=(events.failures) {
                    (events.failures) " failed"
                }
            }
            (table("chain_events", &columns, rows(&events.newest, row), "event"))
        }
    };
    Section {
        id: "chain",
        title: "Weights on the chain",
        inside,
    }
}
