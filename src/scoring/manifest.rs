//! The bonus for dancing: a horde that changes its size between batches earns more.
//! (spec: synthetic, "Job score"; vectors: scoring, `manifest_multiplier`)

use std::collections::{BTreeMap, HashMap};

use super::job::JobOutcome;
use crate::params::WeightsVersion;

/// When a horde has danced, and what that is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DanceBonus {
    pub weights_version: WeightsVersion,
    /// `DYNAMIC_MANIFEST_DANCE_RATIO_THRESHOLD`
    pub threshold: f64,
    /// `DYNAMIC_MANIFEST_SCORE_MULTIPLIER`
    pub multiplier: f64,
}

impl DanceBonus {
    /// What the scores of a miner are multiplied by, if by anything. Counts are executors that
    /// succeeded; `previous` is `None` for a miner that had no manifest in the previous batch.
    pub fn multiplier_for(&self, previous: Option<u32>, current: u32) -> Option<f64> {
        if self.weights_version < WeightsVersion::V2 {
            return None;
        }
        let has_danced = previous.is_none_or(|previous| {
            let (low, high) = (previous.min(current), previous.max(current));
            low == 0 || f64::from(high) / f64::from(low) >= self.threshold
        });
        has_danced.then_some(self.multiplier)
    }
}

/// Gives every successful job its miner's multiplier; returns how many jobs of each miner
/// succeeded, its online executors. `previous` is that count in the previous batch.
pub fn apply_dance_bonus<'a>(
    bonus: &DanceBonus,
    previous: &HashMap<String, u32>,
    jobs: &mut [(&'a str, &mut JobOutcome)],
) -> BTreeMap<&'a str, u32> {
    let mut online: BTreeMap<&str, u32> = BTreeMap::new();
    for (hotkey, job) in jobs.iter() {
        *online.entry(hotkey).or_default() += u32::from(job.is_success);
    }
    for (hotkey, job) in jobs.iter_mut().filter(|(_, job)| job.is_success) {
        let before = previous.get(*hotkey).copied();
        if let Some(multiplier) = bonus.multiplier_for(before, online[hotkey]) {
            job.manifest_multiplier = Some(multiplier);
            job.score *= multiplier;
        }
    }
    online
}
