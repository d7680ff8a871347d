//! The score of each miner from the scores of its jobs in one batch.
//! Classes are weighed against each other, miners within a class (spec: weights, "Score per
//! hotkey"; vectors: scoring).

use std::collections::BTreeMap;

use super::error::{ScoringError, finite};
use crate::wire::ExecutorClass;

/// One job as far as weights are concerned; a failed one has score 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JobScore<'a> {
    pub hotkey: &'a str,
    pub class: ExecutorClass,
    pub score: f64,
}

/// How a horde of executors counts for more, or less, than the sum of its jobs:
/// `mean^alpha * sum / (1 + exp(10^beta * (1/n - delta)))`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HordeScore {
    /// `HORDE_SCORE_AVG_PARAM`
    pub alpha: f64,
    /// `HORDE_SCORE_SIZE_PARAM`
    pub beta: f64,
    /// 1 / `HORDE_SCORE_CENTRAL_SIZE_PARAM`
    pub delta: f64,
}

impl Default for HordeScore {
    fn default() -> Self {
        Self {
            alpha: 0.0,
            beta: 0.0,
            delta: 1.0,
        }
    }
}

impl HordeScore {
    /// From the three settings `HORDE_SCORE_*`.
    ///
    /// # Errors
    /// A central size of 0 is a division by zero.
    pub fn new(avg: f64, size: f64, central_size: f64) -> Result<Self, ScoringError> {
        if central_size == 0.0 {
            return Err(ScoringError::DivisionByZero);
        }
        Ok(Self {
            alpha: avg,
            beta: size,
            delta: 1.0 / central_size,
        })
    }

    /// The score of one miner's jobs, 0 for none.
    ///
    /// # Errors
    /// A mean of 0 with a negative alpha divides by zero; extreme parameters leave the finite
    /// numbers.
    pub fn of(&self, scores: &[f64]) -> Result<f64, ScoringError> {
        if scores.is_empty() {
            return Ok(0.0);
        }
        let share = 1.0 / scores.len() as f64;
        let sum: f64 = scores.iter().sum();
        let mean = sum * share;
        if mean == 0.0 && self.alpha < 0.0 {
            return Err(ScoringError::DivisionByZero);
        }
        let steepness = 10_f64.powf(self.beta);
        let sigmoid = 1.0 / (1.0 + (steepness * (share - self.delta)).exp());
        finite(mean.powf(self.alpha) * sum * sigmoid)
    }
}

/// The score of every hotkey that has a job of a class with a weight.
///
/// Every class with a total other than 0 sums to its weight.
///
/// # Errors
/// Nothing infinite gets out: then no score does.
pub fn batch_scores<'a>(
    jobs: impl IntoIterator<Item = JobScore<'a>>,
    class_weights: &BTreeMap<ExecutorClass, f64>,
    horde: &HordeScore,
) -> Result<BTreeMap<String, f64>, ScoringError> {
    let mut by_class: BTreeMap<ExecutorClass, BTreeMap<&str, Vec<f64>>> = BTreeMap::new();
    for job in jobs
        .into_iter()
        .filter(|job| class_weights.contains_key(&job.class))
    {
        by_class
            .entry(job.class)
            .or_default()
            .entry(job.hotkey)
            .or_default()
            .push(job.score);
    }

    let mut scores: BTreeMap<String, f64> = BTreeMap::new();
    for (class, miners) in by_class {
        let aggregates = miners.into_iter().map(|(hotkey, scores)| {
            let aggregate = match class {
                ExecutorClass::SpinUp4MinGpu24Gb => horde.of(&scores)?,
                _ => finite(scores.iter().sum())?,
            };
            Ok((hotkey, aggregate))
        });
        let aggregates = aggregates.collect::<Result<Vec<_>, ScoringError>>()?;
        let total = finite(aggregates.iter().map(|(_, aggregate)| aggregate).sum())?;
        for (hotkey, aggregate) in aggregates {
            let share = if total == 0.0 {
                aggregate
            } else {
                class_weights[&class] * aggregate / total
            };
            let score = scores.entry(hotkey.to_owned()).or_default();
            *score = finite(*score + share)?;
        }
    }
    Ok(scores)
}
