//! The stages of the newest batches.

use maud::{Markup, html};

use super::table::{Cell, Column, Row, all, table, text};
use super::words::{length, minute, shown};
use super::{Section, nothing};
use crate::report::figures::{BatchStages, Stage};
use crate::report::svg::{Step, Waterfall};

pub(super) fn section(batches: &[BatchStages]) -> Section {
    let inside = html! {
        @if batches.is_empty() {
            (nothing("No batch that has ended in this time tells of its stages."))
        } @else {
            div.side-by-side {
                @for batch in batches {
                    (waterfall(batch))
                }
            }
            (lengths(batches))
        }
    };
    Section {
        id: "stages",
        title: "Stages of the newest batches",
        inside,
    }
}

fn waterfall(batch: &BatchStages) -> Markup {
    let says = format!("Stages of batch {}; the table has the numbers", batch.batch);
    let step = |stage: &Stage| Step {
        name: shown(&stage.name),
        from: stage.offset_s,
        length: stage.seconds,
        text: length(stage.seconds),
    };
    let drawing = Waterfall {
        says: &says,
        steps: batch.stages.iter().map(step).collect(),
    };
    html! {
        figure {
            figcaption {
                "Batch " (batch.batch) ", " (minute(batch.started_at)) ": " (length(batch.seconds))
            }
            (drawing.draw())
        }
    }
}

/// A row for each stage, a column for each batch.
fn lengths(batches: &[BatchStages]) -> Markup {
    let mut names: Vec<&str> = Vec::new();
    for stage in batches.iter().flat_map(|batch| &batch.stages) {
        if !names.contains(&stage.name.as_str()) {
            names.push(&stage.name);
        }
    }
    let titles: Vec<String> = batches
        .iter()
        .map(|batch| format!("Batch {}", batch.batch))
        .collect();
    let keys: Vec<String> = batches
        .iter()
        .map(|batch| batch.batch.to_string())
        .collect();
    let mut columns = vec![text("stage", "Stage")];
    columns.extend(keys.iter().zip(&titles).map(|(key, title)| Column {
        key,
        title,
        is_number: true,
    }));
    let row = |name: &&str| {
        let mut cells = vec![Cell::plain(name)];
        cells.extend(batches.iter().map(|batch| {
            let stage = batch.stages.iter().find(|stage| stage.name == **name);
            Cell::maybe(stage.map(|stage| stage.seconds), |seconds| length(*seconds))
        }));
        Row {
            key: (*name).to_owned(),
            cells,
        }
    };
    table(
        "stages",
        &columns,
        all(names.iter().map(row).collect()),
        "stage",
    )
}
