//! Why no scores or weights come out. Nothing that is not a number ever does.

/// Scores that cannot be turned into weights.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum ScoringError {
    #[error("division by zero")]
    DivisionByZero,
    /// A parameter so extreme that the result is infinite or not a number.
    #[error("the score is not a finite number")]
    NotFinite,
    #[error("{0} is not a weight: it must be finite and not negative")]
    NotAWeight(f64),
    #[error("all weights are zero")]
    AllZero,
}

/// The value itself, if it may get out.
pub(super) fn finite(value: f64) -> Result<f64, ScoringError> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(ScoringError::NotFinite)
    }
}

pub(super) fn not_negative(weight: f64) -> Result<f64, ScoringError> {
    if weight.is_finite() && weight >= 0.0 {
        Ok(weight)
    } else {
        Err(ScoringError::NotAWeight(weight))
    }
}
