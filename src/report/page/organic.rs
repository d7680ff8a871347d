//! Jobs of users.

use maud::{Markup, html};

use super::table::{Cell, Row, number, rows, table, text};
use super::words::{length, minute, short, shown};
use super::{Section, key, nothing};
use crate::report::figures::{Organic, OrganicJob};
use crate::report::svg::{self, Bar, Bars, Label};

pub(super) fn section(organic: &Organic) -> Section {
    let inside = html! {
        @if organic.newest.rows.is_empty() {
            (nothing("No job of a user was taken in this time."))
        } @else {
            p {
                @for (name, jobs) in [
                    ("completed", organic.completed),
                    ("failed", organic.failed),
                    ("running", organic.running),
                ] {
                    span.count data-cell={ "organic/" (name) } data-value=(jobs) {
                        (jobs) " " (name)
                    }
                    " "
                }
            }
            (durations(organic))
            (newest(organic))
        }
    };
    Section {
        id: "organic",
        title: "Jobs of users",
        inside,
    }
}

fn durations(organic: &Organic) -> Markup {
    let buckets = &organic.buckets;
    if buckets.completed.is_empty() {
        return nothing("None of them has ended.");
    }
    let seconds = |bound: f64| svg::number(bound);
    let bar = |((bounds, completed), failed): ((&[f64], &u64), &u64)| Bar {
        parts: vec![*completed, *failed],
        title: format!(
            "{} to {} s: {completed} completed, {failed} failed",
            seconds(bounds[0]),
            seconds(bounds[1])
        ),
    };
    let bars = buckets.bounds_s.windows(2).zip(&buckets.completed);
    let label = |(i, bound): (usize, &f64)| Label {
        at: i as f64,
        text: seconds(*bound),
    };
    let drawing = Bars {
        says: "Jobs of users by how long they took",
        height: 150.0,
        classes: &["completed", "failed"],
        bars: bars.zip(&buckets.failed).map(bar).collect(),
        labels: buckets.bounds_s.iter().enumerate().map(label).collect(),
    };
    html! {
        figure {
            figcaption { "Jobs by seconds from the order to the end" }
            (drawing.draw())
            ul.legend {
                @for name in ["completed", "failed"] {
                    li { (key(name)) (name) }
                }
            }
            @if let Some(spread) = &organic.completed_times {
                p {
                    "Half of the completed jobs took "
                    span data-cell="organic/median_s" data-value=(spread.median_s) {
                        (length(spread.median_s))
                    }
                    " or less, nine of ten "
                    span data-cell="organic/p90_s" data-value=(spread.p90_s) {
                        (length(spread.p90_s))
                    }
                    " or less; the longest took " (length(spread.max_s)) "."
                }
            }
        }
    }
}

fn newest(organic: &Organic) -> Markup {
    let columns = [
        text("created_at", "Taken at"),
        text("status", "Status"),
        number("seconds", "Took"),
        text("executor_class", "Executor class"),
        text("hotkey", "Miner"),
        text("comment", "Comment"),
    ];
    let row = |job: &OrganicJob| Row {
        key: shown(&job.job_uuid),
        cells: vec![
            Cell::new(job.created_at.to_rfc3339(), &minute(job.created_at)),
            Cell::plain(&job.status).bad_if(job.status == "failed"),
            Cell::maybe(job.seconds, |seconds| length(*seconds)),
            Cell::plain(&job.executor_class),
            Cell::new(&job.hotkey, &short(&job.hotkey)),
            Cell::plain(&job.comment).long(),
        ],
    };
    html! {
        h3 { "The newest jobs" }
        (table("organic", &columns, rows(&organic.newest, row), "job"))
    }
}
