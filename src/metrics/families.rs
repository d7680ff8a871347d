//! From counts and gauges to the text format of Prometheus 0.0.4, which node_exporter reads too.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType,
};
use prometheus::{Encoder, TextEncoder};

use super::catalogue::{Kind, named};
use super::gauges::gauges;
use crate::settings::Environment;
use crate::store::{self, Labels, Store, StoreError};

/// All metrics of this moment.
///
/// # Errors
/// The database cannot be read.
pub fn text(
    store: &Store,
    environment: &Environment,
    now: DateTime<Utc>,
) -> Result<String, StoreError> {
    let mut samples = Samples::default();
    for gauge in gauges(store, environment, now)? {
        let mut value = Gauge::default();
        value.set_value(gauge.value);
        samples.add(gauge.metric, &gauge.labels, |metric| {
            metric.set_gauge(value);
        });
    }
    for counter in store.counters()? {
        let mut value = Counter::default();
        value.set_value(counter.count as f64);
        samples.add(&counter.metric, &counter.labels, |metric| {
            metric.set_counter(value);
        });
    }
    let bounds = Bounds::read(store)?;
    for one in store.histograms()? {
        let value = histogram(&one, bounds.of(&one.metric));
        samples.add(&one.metric, &one.labels, |metric| {
            metric.set_histogram(value);
        });
    }
    Ok(samples.encoded())
}

/// Samples by the name of their metric.
#[derive(Default)]
struct Samples(BTreeMap<String, Vec<Metric>>);

impl Samples {
    fn add(&mut self, name: &str, labels: &Labels, fill: impl FnOnce(&mut Metric)) {
        let mut metric = Metric::from_label(labels.iter().map(pair).collect());
        fill(&mut metric);
        self.0.entry(name.to_owned()).or_default().push(metric);
    }

    fn encoded(self) -> String {
        // what a newer database counts and this program does not know is left out
        let families = self.0.into_iter().filter_map(|(name, metrics)| {
            let described = named(&name)?;
            let mut family = MetricFamily::default();
            family.set_name(name);
            family.set_help(described.help.to_owned());
            family.set_field_type(match described.kind {
                Kind::Counter => MetricType::COUNTER,
                Kind::Gauge => MetricType::GAUGE,
                Kind::Histogram => MetricType::HISTOGRAM,
            });
            family.set_metric(metrics);
            Some(family)
        });
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&families.collect::<Vec<_>>(), &mut text)
            .expect("families have samples, and memory takes what is written to it");
        String::from_utf8(text).expect("texts go in, text comes out")
    }
}

fn pair((name, value): (&String, &String)) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.clone());
    pair.set_value(value.clone());
    pair
}

/// The upper bounds of both scales.
struct Bounds {
    seconds: Vec<f64>,
    score: Vec<f64>,
}

impl Bounds {
    fn read(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            seconds: store.histogram_bounds("seconds")?,
            score: store.histogram_bounds("score")?,
        })
    }

    fn of(&self, metric: &str) -> &[f64] {
        match metric.ends_with("_seconds") {
            true => &self.seconds,
            false => &self.score,
        }
    }
}

/// Every bound but the infinite one has a bucket, with all values up to it: the encoder adds that.
fn histogram(stored: &store::Histogram, bounds: &[f64]) -> Histogram {
    let up_to = |bound: f64| {
        let below = stored.buckets.iter().filter(|(upper, _)| *upper <= bound);
        below.map(|(_, count)| count).sum::<u64>()
    };
    let bucket = |bound: &f64| {
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(*bound);
        bucket.set_cumulative_count(up_to(*bound));
        bucket
    };
    let mut histogram = Histogram::default();
    let finite = bounds.iter().filter(|bound| bound.is_finite());
    histogram.set_bucket(finite.map(bucket).collect());
    histogram.set_sample_count(up_to(f64::INFINITY));
    histogram.set_sample_sum(stored.total);
    histogram
}
