//! Batches with what became of their jobs.

use chrono::TimeDelta;
use maud::{Markup, html};

use super::table::{Cell, Row, number, rows, table, text};
use super::words::{count, length, minute};
use super::{Section, nothing};
use crate::report::figures::{self, Batch, Batches, JobCounts};
use crate::report::svg::{Bar, Bars, Label, Mark};

/// Labels below the bars that have room beside each other.
const LABELS: usize = 5;

pub(super) fn section(batches: &Batches) -> Section {
    let inside = html! {
        @if batches.bars.is_empty() {
            (nothing("No batch was planned in this time."))
        } @else {
            p {
                @for (state, batches) in &batches.states {
                    span.count data-cell={ "batches/states/" (state) } data-value=(batches) {
                        (batches) " " (state)
                    }
                    " "
                }
            }
            (chart(batches))
            (newest(batches))
        }
    };
    Section {
        id: "batches",
        title: "Batches",
        inside,
    }
}

fn chart(batches: &Batches) -> Markup {
    let bars: Vec<Bar> = batches.bars.iter().map(bar).collect();
    let several = batches.bars.iter().map(|bar| bar.batches).max();
    let several = several.filter(|most| *most > 1);
    let has = |mark| bars.iter().any(|bar| bar.marks.contains(&mark));
    let (has_missed, has_broken) = (has(Mark::Cross), has(Mark::Diamond));
    let drawing = Bars {
        says: "Jobs of each batch by outcome; the table has the newest ones",
        height: 210.0,
        classes: &["completed", "wrong", "failed"],
        labels: labels(&batches.bars),
        bars,
    };
    html! {
        figure {
            figcaption {
                "Jobs of each batch, oldest first"
                @if let Some(most) = several {
                    " (a bar is " (count(most, "batch")) ")"
                }
            }
            (drawing.draw())
            (legend(&batches.jobs, has_missed, has_broken))
        }
    }
}

fn bar(bar: &figures::Bar) -> Bar {
    let batches = match bar.batches {
        1 => format!("batch {}", bar.first_batch),
        _ => format!("batches {} to {}", bar.first_batch, bar.last_batch),
    };
    let mut title = format!(
        "{batches}, planned {}: {} completed, {} wrong, {} failed",
        minute(bar.since),
        bar.jobs.completed,
        bar.jobs.wrong,
        bar.jobs.failed
    );
    let mut marks = Vec::new();
    for (found, name, mark) in [
        (bar.missed, "missed", Mark::Cross),
        (bar.broken, "broken", Mark::Diamond),
    ] {
        if found > 0 {
            title.push_str(&format!(", {found} {name}"));
            marks.push(mark);
        }
    }
    Bar {
        parts: vec![bar.jobs.completed, bar.jobs.wrong, bar.jobs.failed],
        marks,
        title,
    }
}

/// Below the middle of some bars, evenly spread.
fn labels(bars: &[figures::Bar]) -> Vec<Label> {
    let shown = bars.len().min(LABELS);
    let (first, last) = (bars.first(), bars.last());
    let length = first
        .zip(last)
        .map(|(first, last)| last.since - first.since);
    let form = match length.is_some_and(|length| length > TimeDelta::days(2)) {
        true => "%-d %b",
        false => "%H:%M",
    };
    let label = |i: usize| {
        // the middle of each part of equal length
        let index = (2 * i + 1) * bars.len() / (2 * shown);
        bars.get(index).map(|bar| Label {
            at: index as f64 + 0.5,
            text: bar.since.format(form).to_string(),
        })
    };
    (0..shown).filter_map(label).collect()
}

fn legend(jobs: &JobCounts, has_missed: bool, has_broken: bool) -> Markup {
    let parts = [
        ("completed", jobs.completed),
        ("wrong", jobs.wrong),
        ("failed", jobs.failed),
    ];
    html! {
        ul.legend {
            @for (name, jobs) in parts {
                li {
                    svg.key viewBox="0 0 28 10" aria-hidden="true" {
                        rect class=(name) x="8" y="0" width="12" height="10" {}
                    }
                    span data-cell={ "jobs/" (name) } data-value=(jobs) { (jobs) " " (name) }
                }
            }
            @for (name, is_shown, path) in [
                ("cross", has_missed, "M10 1l8 8m0 -8l-8 8"),
                ("diamond", has_broken, "M14 0l5 5l-5 5l-5 -5z"),
            ] {
                @if is_shown {
                    li {
                        svg.key viewBox="0 0 28 10" aria-hidden="true" {
                            path class={ "mark " (name) } d=(path) {}
                        }
                        @if name == "cross" { "batch missed" } @else { "batch broken" }
                    }
                }
            }
        }
    }
}

fn newest(batches: &Batches) -> Markup {
    let columns = [
        number("id", "Batch"),
        text("state", "State"),
        text("planned_at", "Planned at"),
        number("block", "Block"),
        number("seconds", "Took"),
        number("completed", "Completed"),
        number("wrong", "Wrong"),
        number("failed", "Failed"),
        number("weights", "Weights"),
        text("note", "Note"),
    ];
    let row = |batch: &Batch| Row {
        key: batch.id.to_string(),
        cells: vec![
            Cell::plain(batch.id),
            Cell::plain(batch.state).bad_if(matches!(batch.state, "missed" | "broken")),
            Cell::new(batch.planned_at.to_rfc3339(), &minute(batch.planned_at)),
            Cell::plain(batch.block),
            Cell::maybe(batch.seconds, |seconds| length(*seconds)),
            Cell::plain(batch.jobs.completed),
            Cell::plain(batch.jobs.wrong),
            Cell::plain(batch.jobs.failed),
            Cell::maybe(batch.weights, ToString::to_string),
            Cell::plain(&batch.note).long(),
        ],
    };
    html! {
        h3 { "The newest batches" }
        (table("batches", &columns, rows(&batches.newest, row), "batch"))
    }
}
