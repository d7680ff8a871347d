//! What a pass has to say when nothing failed.

use serde_json::{Value, json};

/// The result of a pass: one line for people, stable keys for machines.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Nothing was due, or another run is at it.
    pub is_idle: bool,
    /// One line, no full stop.
    pub summary: String,
    /// Lines that people read before the summary.
    pub report: Vec<String>,
    /// A JSON object; its keys are documented in `docs/json.md`.
    pub details: Value,
}

impl Outcome {
    pub fn done(summary: impl Into<String>) -> Self {
        Self {
            is_idle: false,
            summary: summary.into(),
            report: Vec::new(),
            details: json!({}),
        }
    }

    pub fn idle(summary: impl Into<String>) -> Self {
        Self {
            is_idle: true,
            ..Self::done(summary)
        }
    }

    #[must_use]
    pub fn with_report(mut self, report: Vec<String>) -> Self {
        self.report = report;
        self
    }

    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}
