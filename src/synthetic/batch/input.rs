//! What a batch has to know before it begins.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Limits;
use crate::hashjob;
use crate::keys::Keypair;
use crate::miner::{MinerAddress, Tap};
use crate::params::{Params, WeightsVersion};
use crate::scoring::DanceBonus;
use crate::settings::Environment;
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
    /// Sees every message; nobody looks in production.
    pub tap: Tap,
    /// The wall time at which the batch begins.
    pub now: DateTime<Utc>,
}

impl BatchInput {
    /// With the rules in force, as if there had been no batch before.
    pub fn new(
        uuid: String,
        miners: Vec<MinerAddress>,
        signer: Keypair,
        params: &Params,
        settings: &Environment,
        now: DateTime<Utc>,
    ) -> Self {
        let overridden = settings
            .weights_version_override()
            .and_then(|version| WeightsVersion::try_from(i64::try_from(version).ok()?).ok());
        let size = settings.debug_hash_job();
        Self {
            uuid,
            keypair: Arc::new(signer),
            miners,
            previous_online: HashMap::new(),
            dance: DanceBonus {
                weights_version: overridden.unwrap_or(params.weights_version()),
                threshold: params.manifest_dance_ratio_threshold(),
                multiplier: params.manifest_score_multiplier(),
            },
            executor_caps: params.executor_caps(),
            hash_size: size.map(|[letters, digits, hashes]| hashjob::Size {
                letters,
                digits,
                hashes,
            }),
            limits: match settings.batch_time_scale() {
                Some(factor) => Limits::PRODUCTION.scaled(factor),
                None => Limits::PRODUCTION,
            },
            tap: Tap::default(),
            now,
        }
    }
}
