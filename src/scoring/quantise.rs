//! Weights as the 16-bit numbers that a chain call takes.
//! Rounding is half to even, in double precision (vectors: process_weights).

use super::error::{ScoringError, not_negative};

/// For setting weights directly: the largest becomes 65535, what becomes 0 is left out.
/// Empty when all weights are 0. Takes single precision, as all validators do at this step.
///
/// # Errors
/// A weight that is infinite, not a number or negative.
pub fn to_u16(weights: &[(u16, f32)]) -> Result<Vec<(u16, u16)>, ScoringError> {
    let largest = largest(weights.iter().map(|(_, weight)| f64::from(*weight)))?;
    if largest == 0.0 {
        return Ok(Vec::new());
    }
    let values = weights.iter().map(|(uid, weight)| {
        let value = (f64::from(*weight) / largest * 65_535.0).round_ties_even();
        (*uid, value as u16)
    });
    Ok(values.filter(|(_, value)| *value > 0).collect())
}

/// For committing: the largest becomes `max` (`DYNAMIC_MAX_WEIGHT`), zeros are kept.
///
/// # Errors
/// A weight that is infinite, not a number or negative; or all of them 0.
pub fn normalise_for_committing(weights: &[f64], max: u16) -> Result<Vec<u16>, ScoringError> {
    let largest = largest(weights.iter().copied())?;
    if largest == 0.0 {
        return Err(ScoringError::AllZero);
    }
    let factor = f64::from(max) / largest;
    // a largest weight near the smallest double makes the factor infinite, and 0 of it NaN
    if !factor.is_finite() {
        return Err(ScoringError::NotFinite);
    }
    Ok(weights
        .iter()
        .map(|weight| (weight * factor).round_ties_even() as u16)
        .collect())
}

fn largest(mut weights: impl Iterator<Item = f64>) -> Result<f64, ScoringError> {
    weights.try_fold(0.0, |largest: f64, weight| {
        Ok(largest.max(not_negative(weight)?))
    })
}
