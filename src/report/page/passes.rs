//! Passes: how often each was run, and how it ended.

use maud::{Markup, html};

use super::table::{Cell, Row, all, number, rows, table, text};
use super::words::{length, minute, second};
use super::{Section, nothing};
use crate::report::figures::{Ending, PassCounts, Passes};

pub(super) fn section(passes: &Passes) -> Section {
    let inside = html! {
        @if passes.counts.is_empty() {
            (nothing("No pass was run in this time."))
        } @else {
            (counts(passes))
            h3 { "Those that ended badly" }
            @if passes.ended_badly.rows.is_empty() {
                (nothing("None did."))
            } @else {
                (ended_badly(passes))
            }
        }
    };
    Section {
        id: "passes",
        title: "Passes",
        inside,
    }
}

fn counts(passes: &Passes) -> Markup {
    let outcomes = [
        ("done", "Done", false),
        ("idle", "Idle", false),
        ("failed", "Failed", true),
        ("unreachable", "Unreachable", true),
        ("misconfigured", "Misconfigured", true),
        ("interrupted", "Interrupted", true),
        ("running", "No end", false),
    ];
    let mut columns = vec![text("name", "Pass")];
    columns.extend(outcomes.map(|(key, title, _)| number(key, title)));
    columns.push(text("newest_at", "Newest"));
    let row = |pass: &PassCounts| {
        let mut cells = vec![Cell::plain(&pass.name)];
        cells.extend(outcomes.map(|(outcome, _, is_bad)| {
            let passes = pass.of(outcome);
            Cell::plain(passes).bad_if(is_bad && passes > 0)
        }));
        cells.push(Cell::new(
            pass.newest_at.to_rfc3339(),
            &minute(pass.newest_at),
        ));
        Row {
            key: pass.name.clone(),
            cells,
        }
    };
    let counts = all(passes.counts.iter().map(row).collect());
    html! {
        (table("passes", &columns, counts, "pass"))
        p.more {
            "Passes without an end run, or were killed. Old idle passes are deleted by "
            code { "horde evict" } "."
        }
    }
}

fn ended_badly(passes: &Passes) -> Markup {
    let columns = [
        text("name", "Pass"),
        text("started_at", "Started at"),
        number("seconds", "Took"),
        text("outcome", "Outcome"),
        text("summary", "Why"),
    ];
    let row = |pass: &Ending| Row {
        key: pass.id.to_string(),
        cells: vec![
            Cell::plain(&pass.name),
            Cell::new(pass.started_at.to_rfc3339(), &second(pass.started_at)),
            Cell::new(pass.seconds, &length(pass.seconds)),
            Cell::plain(pass.outcome).bad_if(true),
            Cell::plain(&pass.summary).long(),
        ],
    };
    table(
        "ended_badly",
        &columns,
        rows(&passes.ended_badly, row),
        "pass",
    )
}
