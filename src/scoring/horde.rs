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

/// What the jobs of one miner in one class add to its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassShare<'a> {
    pub hotkey: &'a str,
    pub class: ExecutorClass,
    pub jobs: usize,
    /// Of the scores of its jobs.
    pub sum: f64,
    /// What the class makes of them: the score of a horde, or their sum.
    pub aggregate: f64,
    /// The aggregates of all miners in the class.
    pub total: f64,
    /// Class weight * aggregate / total; the aggregate itself where the total is 0.
    pub share: f64,
}

/// The shares of all miners in all classes that have a weight; by class, then by hotkey.
///
/// # Errors
/// Nothing infinite gets out: then no share does.
pub fn class_shares<'a>(
    jobs: impl IntoIterator<Item = JobScore<'a>>,
    class_weights: &BTreeMap<ExecutorClass, f64>,
    horde: &HordeScore,
) -> Result<Vec<ClassShare<'a>>, ScoringError> {
    let mut by_class: BTreeMap<ExecutorClass, BTreeMap<&'a str, Vec<f64>>> = BTreeMap::new();
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

    let mut shares = Vec::new();
    for (class, miners) in by_class {
        let first = shares.len();
        for (hotkey, scores) in miners {
            let sum = scores.iter().sum();
            let aggregate = match class {
                ExecutorClass::SpinUp4MinGpu24Gb => horde.of(&scores)?,
                _ => finite(sum)?,
            };
            shares.push(ClassShare {
                hotkey,
                class,
                jobs: scores.len(),
                sum,
                aggregate,
                total: 0.0,
                share: aggregate,
            });
        }
        let of_class = &mut shares[first..];
        let total = finite(of_class.iter().map(|one| one.aggregate).sum())?;
        for one in of_class {
            one.total = total;
            if total != 0.0 {
                one.share = class_weights[&class] * one.aggregate / total;
            }
        }
    }
    Ok(shares)
}

/// The score of every hotkey that has a job of a class with a weight: the sum of its shares.
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
    let mut scores: BTreeMap<String, f64> = BTreeMap::new();
    for one in class_shares(jobs, class_weights, horde)? {
        let score = scores.entry(one.hotkey.to_owned()).or_default();
        *score = finite(*score + one.share)?;
    }
    Ok(scores)
}
