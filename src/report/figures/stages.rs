//! How long each stage of the newest batches took, from what a batch tells of itself. A stage ends
//! when the next one begins, the last one with its batch.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::report::Span;
use crate::store::{BatchRow, BatchState, Filter, Store, StoreError};
use crate::wire::time::parse_iso;

/// Batches that fit on a page side by side.
const BATCHES: usize = 4;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct BatchStages {
    pub(in crate::report) batch: i64,
    pub(in crate::report) started_at: DateTime<Utc>,
    /// From the start of the first stage to the end of the last.
    pub(in crate::report) seconds: f64,
    /// In the order in which they began.
    pub(in crate::report) stages: Vec<Stage>,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Stage {
    pub(in crate::report) name: String,
    /// From the start of the first stage.
    pub(in crate::report) offset_s: f64,
    pub(in crate::report) seconds: f64,
}

pub(super) fn read(store: &Store, span: Span) -> Result<Vec<BatchStages>, StoreError> {
    let done = Filter {
        outcome: Some(BatchState::Done.name().to_owned()),
        ..span.newest(None, BATCHES)
    };
    let mut batches = Vec::new();
    for row in store.find_batches(&done)? {
        let telemetry = store.batch_telemetry(row.id)?;
        batches.extend(of_batch(&row, &telemetry["stage_start_time"]));
    }
    Ok(batches)
}

/// `None`: it tells of no stage.
fn of_batch(row: &BatchRow, starts: &Value) -> Option<BatchStages> {
    let mut starts: Vec<(&String, DateTime<Utc>)> = starts
        .as_object()?
        .iter()
        .filter_map(|(name, at)| Some((name, parse_iso(at.as_str()?).ok()?.to_utc())))
        .collect();
    starts.sort_by_key(|(_, at)| *at);
    let (_, first) = *starts.first()?;
    let (_, last) = *starts.last()?;
    let end = row.ended_at.unwrap_or(last).max(last);
    let ends = starts.iter().skip(1).map(|(_, at)| *at).chain([end]);
    let stage = |((name, at), end): (&(&String, DateTime<Utc>), DateTime<Utc>)| Stage {
        name: (*name).clone(),
        offset_s: (*at - first).as_seconds_f64(),
        seconds: (end - *at).as_seconds_f64(),
    };
    Some(BatchStages {
        batch: row.id.number(),
        started_at: first,
        seconds: (end - first).as_seconds_f64(),
        stages: starts.iter().zip(ends).map(stage).collect(),
    })
}
