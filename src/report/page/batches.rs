//! Batches with what became of their jobs.

use chrono::TimeDelta;
use maud::{Markup, html};

use super::table::{Cell, Row, number, rows, table, text};
use super::words::{count, length, minute};
use super::{Section, key, nothing};
use crate::report::figures::{self, Batch, Batches, JobCounts};
use crate::report::svg::{Bar, Bars, Label};

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
    let several = batches.bars.iter().map(|bar| bar.batches).max();
    let several = several.filter(|most| *most > 1);
    let jobs = Bars {
        says: "Jobs of each batch by outcome; the table has the newest ones",
        height: 210.0,
        classes: &["completed", "wrong", "failed"],
        bars: bars(batches, |bar| {
            let jobs = bar.jobs;
            let parts = vec![jobs.completed, jobs.wrong, jobs.failed];
            let says = format!(
                "{} completed, {} wrong, {} failed",
                jobs.completed, jobs.wrong, jobs.failed
            );
            (parts, says)
        }),
        labels: labels(&batches.bars),
    };
    html! {
        figure {
            figcaption {
                "Jobs of each batch, oldest first"
                @if let Some(most) = several {
                    " (a bar is " (count(most, "batch")) ")"
                }
            }
            (jobs.draw())
            (legend(&batches.jobs))
        }
        @if batches.bars.iter().any(|bar| bar.missed + bar.broken > 0) {
            (without_jobs(batches))
        }
    }
}

/// Batches that have no jobs because something went wrong, below the others.
fn without_jobs(batches: &Batches) -> Markup {
    let drawing = Bars {
        says: "Batches that were missed or broken",
        height: 40.0,
        classes: &["missed", "broken"],
        bars: bars(batches, |bar| {
            let says = format!("{} missed, {} broken", bar.missed, bar.broken);
            (vec![bar.missed, bar.broken], says)
        }),
        labels: labels(&batches.bars),
    };
    html! {
        figure {
            figcaption { "Batches that were missed, or broken while they ran" }
            (drawing.draw())
            ul.legend {
                @for name in ["missed", "broken"] {
                    li { (key(name)) (name) }
                }
            }
        }
    }
}

/// The parts of each bar, and what they are in words.
fn bars(batches: &Batches, parts: impl Fn(&figures::Bar) -> (Vec<u64>, String)) -> Vec<Bar> {
    let bar = |bar: &figures::Bar| {
        let name = match bar.batches {
            1 => format!("batch {}", bar.first_batch),
            _ => format!("batches {} to {}", bar.first_batch, bar.last_batch),
        };
        let (parts, says) = parts(bar);
        Bar {
            parts,
            title: format!("{name}, planned {}: {says}", minute(bar.since)),
        }
    };
    batches.bars.iter().map(bar).collect()
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

fn legend(jobs: &JobCounts) -> Markup {
    let parts = [
        ("completed", jobs.completed),
        ("wrong", jobs.wrong),
        ("failed", jobs.failed),
    ];
    html! {
        ul.legend {
            @for (name, jobs) in parts {
                li {
                    (key(name))
                    span data-cell={ "jobs/" (name) } data-value=(jobs) { (jobs) " " (name) }
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
