//! How long jobs of batches took.

use maud::{Markup, html};

use super::table::{Cell, Row, all, number, table, text};
use super::words::{count, length, shown};
use super::{Section, nothing};
use crate::report::figures::{ClassTimes, Spread};
use crate::report::svg::{self, Boxes};

pub(super) fn section(classes: &[ClassTimes]) -> Section {
    let inside = html! {
        @if classes.is_empty() {
            (nothing("No job of a batch was completed in this time."))
        } @else {
            (chart(classes))
            (spreads(classes))
        }
    };
    Section {
        id: "job-times",
        title: "Times of jobs",
        inside,
    }
}

fn chart(classes: &[ClassTimes]) -> Markup {
    let row = |class: &ClassTimes| {
        let spread = &class.spread;
        let text = format!(
            "median {}, p90 {}",
            length(spread.median_s),
            length(spread.p90_s)
        );
        svg::Row {
            name: shown(&class.executor_class),
            title: format!("{}: {}, {text}", shown(&class.executor_class), jobs(spread)),
            text: format!("{}, {text}", jobs(spread)),
            quantiles: [
                spread.p10_s,
                spread.p25_s,
                spread.median_s,
                spread.p75_s,
                spread.p90_s,
            ],
        }
    };
    let boxes = Boxes {
        says: "Times of completed jobs by executor class; the table has the numbers",
        rows: classes.iter().map(row).collect(),
        unit: |seconds| format!("{} s", svg::number(seconds)),
    };
    html! {
        figure {
            figcaption {
                "Completed jobs, from the request to the answer. The line goes from p10 to p90, \
                 the box from p25 to p75, the stroke is the median"
            }
            (boxes.draw())
        }
    }
}

fn jobs(spread: &Spread) -> String {
    count(u64::try_from(spread.count).unwrap_or(u64::MAX), "job")
}

fn spreads(classes: &[ClassTimes]) -> Markup {
    let columns = [
        text("executor_class", "Executor class"),
        number("count", "Jobs"),
        number("p10_s", "p10"),
        number("p25_s", "p25"),
        number("median_s", "Median"),
        number("p75_s", "p75"),
        number("p90_s", "p90"),
        number("max_s", "Longest"),
    ];
    let row = |class: &ClassTimes| {
        let spread = &class.spread;
        let mut cells = vec![
            Cell::plain(&class.executor_class),
            Cell::plain(spread.count),
        ];
        let seconds = [
            spread.p10_s,
            spread.p25_s,
            spread.median_s,
            spread.p75_s,
            spread.p90_s,
            spread.max_s,
        ];
        cells.extend(seconds.map(|seconds| Cell::new(seconds, &length(seconds))));
        Row {
            key: shown(&class.executor_class),
            cells,
        }
    };
    table(
        "job_times",
        &columns,
        all(classes.iter().map(row).collect()),
        "class",
    )
}
