//! What a batch has to know before it begins.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Limits;
use crate::hashjob;
use crate::keys::Keypair;
use crate::miner::{MinerAddress, Tap};
use crate::scoring::DanceBonus;
use crate::wire::ExecutorClass;

#[derive(Debug, Clone)]
pub struct BatchInput {
    /// Identifies the batch in events.
    pub uuid: String,
    /// The validator's own key: authenticates, and signs receipts.
    pub keypair: Arc<Keypair>,
    pub miners: Vec<MinerAddress>,
    /// Executors that succeeded in the previous batch; a miner without manifest there is missing.
    pub previous_online: HashMap<String, u32>,
    /// Weights version and rule of the manifest multiplier.
    pub dance: DanceBonus,
    pub executor_caps: BTreeMap<ExecutorClass, u64>,
    /// Makes jobs small, for rehearsals.
    pub hash_size: Option<hashjob::Size>,
    pub limits: Limits,
    pub tap: Tap,
    /// The wall time at which the batch begins.
    pub now: DateTime<Utc>,
}
