//! Counts that outlive the rows they were counted from. Triggers of the database keep those that
//! rows can tell (`sql/V5__metrics.sql`); times of pieces of code are added here.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::Row;

use super::{Store, StoreError};

/// Label -> value, in the order of labels.
pub type Labels = BTreeMap<String, String>;

/// How often something has happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Counter {
    pub metric: String,
    pub labels: Labels,
    pub count: u64,
}

/// How values were spread.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    pub metric: String,
    pub labels: Labels,
    /// Upper bound of each bucket, rising, and how many values are in that bucket alone.
    pub buckets: Vec<(f64, u64)>,
    /// Of all values.
    pub total: f64,
}

/// Times of pieces of code, with the name of each.
const BLOCKS: &str = "horde_block_duration_seconds";

impl Store {
    /// Every counter, by metric and labels.
    pub fn counters(&self) -> Result<Vec<Counter>, StoreError> {
        let mut query = self
            .db
            .prepare_cached("SELECT metric, labels, count FROM counters ORDER BY metric, labels")?;
        let mut rows = query.query([])?;
        let mut counters = Vec::new();
        while let Some(row) = rows.next()? {
            counters.push(Counter {
                metric: row.get(0)?,
                labels: labels(row, "counters")?,
                count: row.get::<_, i64>(2)?.unsigned_abs(),
            });
        }
        Ok(counters)
    }

    /// Every histogram, by metric and labels. Buckets without values are left out.
    pub fn histograms(&self) -> Result<Vec<Histogram>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT metric, labels, upper, count, total FROM histograms
             ORDER BY metric, labels, upper",
        )?;
        let mut rows = query.query([])?;
        let mut histograms: Vec<Histogram> = Vec::new();
        while let Some(row) = rows.next()? {
            let (metric, labels): (String, Labels) = (row.get(0)?, labels(row, "histograms")?);
            let is_same = |last: &Histogram| last.metric == metric && last.labels == labels;
            if !histograms.last().is_some_and(is_same) {
                histograms.push(Histogram {
                    metric,
                    labels,
                    buckets: Vec::new(),
                    total: 0.0,
                });
            }
            if let Some(last) = histograms.last_mut() {
                let count = row.get::<_, i64>(3)?.unsigned_abs();
                last.buckets.push((row.get(2)?, count));
                last.total += row.get::<_, f64>(4)?;
            }
        }
        Ok(histograms)
    }

    /// The upper bounds of a scale, rising; the last one is infinite.
    pub fn histogram_bounds(&self, scale: &str) -> Result<Vec<f64>, StoreError> {
        let mut query = self
            .db
            .prepare_cached("SELECT upper FROM histogram_bounds WHERE scale = ?1 ORDER BY upper")?;
        let bounds = query.query_map([scale], |row| row.get(0))?;
        Ok(bounds.collect::<Result<_, _>>()?)
    }

    /// Adds how long pieces of code took.
    pub fn add_block_times(
        &mut self,
        times: &[(&'static str, Duration)],
    ) -> Result<(), StoreError> {
        if times.is_empty() {
            return Ok(());
        }
        self.write(|tx| {
            let mut add = tx.prepare_cached(
                "INSERT INTO histograms
                     SELECT ?1, json_object('block', ?2), min(upper), 1, ?3 FROM histogram_bounds
                     WHERE scale = 'seconds' AND upper >= ?3
                 ON CONFLICT DO UPDATE SET count = count + 1, total = total + excluded.total",
            )?;
            for (block, time) in times {
                add.execute((BLOCKS, block, time.as_secs_f64()))?;
            }
            Ok(())
        })
    }
}

fn labels(row: &Row, table: &'static str) -> Result<Labels, StoreError> {
    let text: String = row.get(1)?;
    serde_json::from_str(&text).map_err(|error| StoreError::Row {
        table,
        id: 0,
        finding: format!("labels `{text}`: {error}"),
    })
}
