//! What each executor class adds to the score of one miner, by the parameters that were kept with
//! the weights, also when those of today are others.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Table;
use crate::scoring::{ClassShare, HordeScore, JobScore, class_shares};
use crate::store::{BatchId, Store, StoreError};
use crate::wire::ExecutorClass;

/// The weight of each class.
pub(super) fn classes(basis: &Value) -> Table {
    let columns = &["executor_class", "class_weight"];
    let kept = basis["class_weights"].as_object();
    Table::new("classes", columns, kept.into_iter().flatten(), |one| {
        vec![one.0.clone().into(), one.1.clone()]
    })
}

/// Class by class; empty where no parameters were kept.
pub(super) fn table(
    store: &Store,
    batch: BatchId,
    basis: &Value,
    hotkey: &str,
) -> Result<Table, StoreError> {
    let weights = class_weights(basis);
    let scores = store.job_scores(batch)?;
    let jobs = scores.iter().filter_map(|(hotkey, class, score)| {
        Some(JobScore {
            hotkey,
            class: class.parse().ok()?,
            score: *score,
        })
    });
    // scores that left the finite numbers made no weights either
    let shares = horde(basis).and_then(|horde| class_shares(jobs, &weights, &horde).ok());
    let mut shares = shares.unwrap_or_default();
    shares.retain(|one| one.hotkey == hotkey);
    let columns = &[
        "executor_class",
        "jobs",
        "sum",
        "aggregate",
        "total",
        "class_weight",
        "share",
    ];
    Ok(Table::new("shares", columns, shares, |one: ClassShare| {
        vec![
            one.class.name().into(),
            one.jobs.into(),
            one.sum.into(),
            one.aggregate.into(),
            one.total.into(),
            weights[&one.class].into(),
            one.share.into(),
        ]
    }))
}

fn class_weights(basis: &Value) -> BTreeMap<ExecutorClass, f64> {
    let kept = basis["class_weights"].as_object();
    let kept = kept.into_iter().flatten();
    kept.filter_map(|(class, weight)| Some((class.parse().ok()?, weight.as_f64()?)))
        .collect()
}

fn horde(basis: &Value) -> Option<HordeScore> {
    let kept = &basis["horde_score"];
    let number = |name: &str| kept[name].as_f64();
    let (avg, size) = (number("avg_param")?, number("size_param")?);
    HordeScore::new(avg, size, number("central_size_param")?).ok()
}
