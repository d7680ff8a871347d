//! From what a miner claims to have to what it is given to do: one job per executor, within the
//! caps. Pure.

use std::collections::BTreeMap;

use crate::wire::ExecutorClass;
use crate::wire::from_miner::{ClaimedClass, Manifest};

/// Executors per class, none with a count of zero.
pub type Executors = BTreeMap<ExecutorClass, u32>;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the manifest names executor class {0}, which does not exist")]
pub struct UnusableManifest(i64);

/// Adds up repeated classes, ignores counts below one, and caps: each class by `caps` (a class
/// that is missing there has no cap of its own), all together by `most`.
///
/// # Errors
/// When a class is named by a number other than 0, the old name of the default class.
pub fn capped(
    manifest: &Manifest,
    caps: &BTreeMap<ExecutorClass, u64>,
    most: u32,
) -> Result<Executors, UnusableManifest> {
    let mut claimed = BTreeMap::<ExecutorClass, u64>::new();
    for entry in &manifest.executor_classes {
        let class = match entry.executor_class {
            ClaimedClass::Named(class) => class,
            ClaimedClass::Numbered(0) => ExecutorClass::DEFAULT,
            ClaimedClass::Numbered(other) => return Err(UnusableManifest(other)),
        };
        let count = u64::try_from(entry.count).unwrap_or(0);
        let sum = claimed.entry(class).or_default();
        *sum = sum.saturating_add(count);
    }
    let mut left = most;
    let mut executors = Executors::new();
    for (class, count) in claimed {
        let cap = caps.get(&class).copied().unwrap_or(u64::MAX);
        let count = u32::try_from(count.min(cap)).map_or(left, |count| count.min(left));
        if count > 0 {
            left -= count;
            executors.insert(class, count);
        }
    }
    Ok(executors)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::from_miner::ManifestEntry;
    use ExecutorClass::{AlwaysOnGpu24Gb, AlwaysOnLlmA6000, SpinUp4MinGpu24Gb};

    fn manifest(entries: &[(ClaimedClass, i64)]) -> Manifest {
        let entry = |&(executor_class, count)| ManifestEntry {
            executor_class,
            count,
        };
        Manifest {
            executor_classes: entries.iter().map(entry).collect(),
        }
    }

    fn named(class: ExecutorClass) -> ClaimedClass {
        ClaimedClass::Named(class)
    }

    #[test]
    fn repeated_classes_add_up_and_empty_ones_vanish() {
        let claimed = manifest(&[
            (ClaimedClass::Numbered(0), 1),
            (named(SpinUp4MinGpu24Gb), 2),
            (named(AlwaysOnGpu24Gb), -5),
            (named(AlwaysOnLlmA6000), 0),
        ]);
        let executors = capped(&claimed, &BTreeMap::new(), 100).unwrap();
        assert_eq!(executors, BTreeMap::from([(SpinUp4MinGpu24Gb, 3)]));
    }

    #[test]
    fn a_cap_of_a_class_holds_for_its_sum() {
        let claimed = manifest(&[(named(AlwaysOnLlmA6000), 2), (named(AlwaysOnLlmA6000), 2)]);
        let executors = capped(&claimed, &BTreeMap::from([(AlwaysOnLlmA6000, 2)]), 100).unwrap();
        assert_eq!(executors, BTreeMap::from([(AlwaysOnLlmA6000, 2)]));
    }

    #[test]
    fn an_unknown_number_spoils_the_whole_manifest() {
        let claimed = manifest(&[(named(AlwaysOnGpu24Gb), 1), (ClaimedClass::Numbered(5), 0)]);
        assert_eq!(
            capped(&claimed, &BTreeMap::new(), 9),
            Err(UnusableManifest(5))
        );
    }

    proptest! {
        #[test]
        fn no_claim_gets_past_the_limit(
            counts in prop::collection::vec((0..3_usize, any::<i64>()), 0..20), most in 0..5000_u32
        ) {
            let entries: Vec<_> =
                counts.iter().map(|(class, n)| (named(ExecutorClass::ALL[*class]), *n)).collect();
            let executors = capped(&manifest(&entries), &BTreeMap::new(), most).unwrap();
            prop_assert!(executors.values().sum::<u32>() <= most);
            prop_assert!(executors.values().all(|count| *count > 0));
        }
    }
}
