//! From scores to weights that the subnet accepts: enough of them, and none too large.
//! The rules of the Bittensor library of 2024, in double precision (vectors: process_weights).

use super::error::{ScoringError, finite};

/// The smallest share, so that a neuron without a score still counts as a weight.
const MINIMUM_SHARE: f64 = 1e-5;

/// Keeps the cutoff just below the limit.
const LIMIT_MARGIN: f64 = 1e-7;

/// The subnet's hyperparameters that shape weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Processing {
    pub min_allowed_weights: u16,
    /// Share of one uid in parts of 65535.
    pub max_weight_limit: u16,
    /// The lowest part of the weights that is left out, in parts of 65535; 0 in production.
    pub exclude_quantile: u16,
}

impl Processing {
    /// Weights, summing to 1, for `scores` of all neurons of the subnet, in their order.
    /// Neurons without a score have 0; a score below 0 counts as none. Single precision, as all
    /// validators have it here.
    ///
    /// # Errors
    /// A score that is infinite or not a number.
    pub fn weights(&self, scores: &[(u16, f32)]) -> Result<Vec<(u16, f64)>, ScoringError> {
        let scores: Vec<(u16, f64)> = scores
            .iter()
            .map(|(uid, score)| Ok((*uid, finite(f64::from(*score))?.max(0.0))))
            .collect::<Result<_, ScoringError>>()?;
        let positive: Vec<(u16, f64)> = scores
            .iter()
            .copied()
            .filter(|(_, score)| *score > 0.0)
            .collect();
        let limit = f64::from(self.max_weight_limit) / 65_535.0;
        let enough = usize::from(self.min_allowed_weights);

        if positive.is_empty() || scores.len() < enough {
            let share = 1.0 / scores.len() as f64;
            return Ok(scores.into_iter().map(|(uid, _)| (uid, share)).collect());
        }
        let kept = if positive.len() < enough {
            scores
                .into_iter()
                .map(|(uid, score)| (uid, score + MINIMUM_SHARE))
                .collect()
        } else {
            self.above_quantile(positive)
        };
        let (uids, weights): (Vec<u16>, Vec<f64>) = kept.into_iter().unzip();
        Ok(uids
            .into_iter()
            .zip(normalize_max_weight(&weights, limit))
            .collect())
    }

    fn above_quantile(&self, positive: Vec<(u16, f64)>) -> Vec<(u16, f64)> {
        let count = positive.len() as f64;
        let spare = (count - f64::from(self.min_allowed_weights)) / count;
        let quantile = (f64::from(self.exclude_quantile) / 65_535.0).min(spare);
        let threshold = quantile_of(positive.iter().map(|(_, weight)| *weight), quantile);
        positive
            .into_iter()
            .filter(|(_, weight)| *weight >= threshold)
            .collect()
    }
}

/// Scales `weights`, which are not negative, so that they sum to 1 and, where that can be met,
/// none is above `limit`; what is above it is cut. All equal when there is nothing to scale or
/// the limit cannot be met.
pub fn normalize_max_weight(weights: &[f64], limit: f64) -> Vec<f64> {
    let n = weights.len() as f64;
    let sum: f64 = weights.iter().sum();
    if sum == 0.0 || n * limit <= 1.0 {
        return vec![1.0 / n; weights.len()];
    }
    let mut shares: Vec<f64> = weights.iter().map(|weight| weight / sum).collect();
    if shares.iter().all(|share| *share <= limit) {
        return shares;
    }

    shares.sort_by(f64::total_cmp);
    let mut running = 0.0;
    let mut below = 0_usize;
    let mut sum_below = 0.0;
    for (i, share) in shares.iter().enumerate() {
        running += share;
        let rest = n - i as f64 - 1.0;
        if share / (rest * share + running + LIMIT_MARGIN) < limit {
            below += 1;
            sum_below = running;
        }
    }
    let above = n - below as f64;
    let cutoff = sum * (limit * sum_below - LIMIT_MARGIN) / (1.0 - limit * above);
    let cut: Vec<f64> = weights.iter().map(|weight| weight.min(cutoff)).collect();
    let cut_sum: f64 = cut.iter().sum();
    cut.into_iter().map(|weight| weight / cut_sum).collect()
}

/// The quantile of values with linear interpolation, `quantile` from 0 to 1. Not for no values.
fn quantile_of(values: impl Iterator<Item = f64>, quantile: f64) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let position = quantile * (sorted.len() - 1) as f64;
    let low = sorted[position.floor() as usize];
    let high = sorted[position.ceil() as usize];
    low + (high - low) * position.fract()
}
