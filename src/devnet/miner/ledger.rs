//! What a miner has seen, for tests and for the story that a demo tells.

use std::collections::BTreeMap;

use crate::wire::receipt::{FinishedReceipt, StartedReceipt};

/// Counts and texts since the miner started. Nothing is ever taken out.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    pub connections: usize,
    /// Connections that authenticated.
    pub authenticated: usize,
    /// Connections that were refused.
    pub refused: usize,
    /// Initial requests by job: more than 1 is a repetition.
    pub initial_requests: BTreeMap<String, usize>,
    /// Job requests by job.
    pub job_requests: BTreeMap<String, usize>,
    /// Receipts that hold, in the order in which they came.
    pub started_receipts: Vec<StartedReceipt>,
    pub finished_receipts: Vec<FinishedReceipt>,
    pub refused_receipts: usize,
    /// `GenericError`s of the validator.
    pub complaints: Vec<String>,
}
