//! The rules of writing weights, in the order in which the chain checks them (chain.md,
//! section 7). Which calls get this far is decided elsewhere.

use std::collections::BTreeSet;

use super::errors::PalletError;
use super::events::SubtensorEvent;
use super::storage::Storage;
use super::types::AccountId32;
use super::{CommitScheme, items};

/// Weights of one hotkey, as a call or the content of a commit gives them.
pub(super) struct Weights {
    pub(super) netuid: u16,
    pub(super) hotkey: AccountId32,
    pub(super) uids: Vec<u16>,
    pub(super) values: Vec<u16>,
    pub(super) version_key: u64,
}

/// Whether a neuron may write again in this block.
pub(super) fn rate_limit_passed(storage: &Storage, netuid: u16, uid: u16, block: u64) -> bool {
    let limit = items::WEIGHTS_SET_RATE_LIMIT.get(storage, (netuid,));
    match last_update(storage, netuid, uid) {
        0 => true,
        last => block.saturating_sub(last) >= limit,
    }
}

pub(super) fn last_update(storage: &Storage, netuid: u16, uid: u16) -> u64 {
    let updates = items::LAST_UPDATE.get(storage, (netuid,));
    updates.get(usize::from(uid)).copied().unwrap_or(0)
}

pub(super) fn note_update(storage: &mut Storage, netuid: u16, uid: u16, block: u64) {
    items::LAST_UPDATE.change(storage, (netuid,), |updates| {
        if let Some(update) = updates.get_mut(usize::from(uid)) {
            *update = block;
        }
    });
}

pub(super) fn exists(storage: &Storage, netuid: u16) -> bool {
    items::NETWORKS_ADDED.get(storage, (netuid,))
}

pub(super) fn stake(
    storage: &Storage,
    scheme: CommitScheme,
    netuid: u16,
    hotkey: AccountId32,
) -> u64 {
    let bytes = storage.get(&scheme.stake_key(netuid, hotkey));
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, u64::from_le_bytes)
}

pub(super) fn has_stake(
    storage: &Storage,
    scheme: CommitScheme,
    netuid: u16,
    hotkey: AccountId32,
) -> bool {
    stake(storage, scheme, netuid, hotkey) >= scheme.stake_threshold().get(storage, ())
}

impl Weights {
    /// Checks everything except commit-reveal, which the caller knows about.
    ///
    /// `rate_limited_at`: the block of a plain write; a reveal is not limited.
    /// Returns the uid of the writer.
    pub(super) fn check(
        &self,
        storage: &Storage,
        scheme: CommitScheme,
        rate_limited_at: Option<u64>,
    ) -> Result<u16, PalletError> {
        let netuid = self.netuid;
        ensure(netuid != 0, PalletError::RootWeights)?;
        ensure(
            self.uids.len() == self.values.len(),
            PalletError::UnequalLengths,
        )?;
        ensure(exists(storage, netuid), PalletError::NoSubnet)?;
        let size = items::SUBNETWORK_N.get(storage, (netuid,));
        ensure(
            self.uids.len() <= usize::from(size),
            PalletError::TooManyUids,
        )?;
        let uid = items::UIDS
            .find(storage, (netuid, self.hotkey))
            .ok_or(PalletError::NotRegistered)?;
        ensure(
            has_stake(storage, scheme, netuid, self.hotkey),
            PalletError::TooLittleStake,
        )?;
        let version_key = items::WEIGHTS_VERSION_KEY.get(storage, (netuid,));
        ensure(
            self.version_key >= version_key,
            PalletError::VersionKeyTooLow,
        )?;
        if let Some(block) = rate_limited_at {
            ensure(
                rate_limit_passed(storage, netuid, uid, block),
                PalletError::TooSoon,
            )?;
        }
        let of_itself = self.uids == [uid];
        let permits = items::VALIDATOR_PERMIT.get(storage, (netuid,));
        let permitted = permits.get(usize::from(uid)).copied().unwrap_or(false);
        ensure(permitted || of_itself, PalletError::NoPermit)?;
        let distinct: BTreeSet<u16> = self.uids.iter().copied().collect();
        ensure(
            distinct.len() == self.uids.len(),
            PalletError::DuplicateUids,
        )?;
        ensure(
            distinct.last().is_none_or(|largest| *largest < size),
            PalletError::UnknownUid,
        )?;
        let fewest = items::MIN_ALLOWED_WEIGHTS.get(storage, (netuid,)).min(size);
        ensure(
            of_itself || self.uids.len() >= usize::from(fewest),
            PalletError::TooFewWeights,
        )?;
        let limit = items::MAX_WEIGHTS_LIMIT.get(storage, (netuid,));
        ensure(
            of_itself || within_limit(&self.values, limit),
            PalletError::WeightTooLarge,
        )?;
        Ok(uid)
    }

    /// Puts checked weights into force. Does not touch `LastUpdate`.
    pub(super) fn apply(self, storage: &mut Storage, uid: u16) -> SubtensorEvent {
        let weights = self.uids.into_iter().zip(rescaled(&self.values)).collect();
        items::WEIGHTS.put(storage, (self.netuid, uid), &weights);
        SubtensorEvent::WeightsSet(self.netuid, uid)
    }
}

pub(super) fn ensure(holds: bool, error: PalletError) -> Result<(), PalletError> {
    if holds { Ok(()) } else { Err(error) }
}

/// Whether no weight has more than `limit` of 65535 of the sum.
fn within_limit(values: &[u16], limit: u16) -> bool {
    let sum: u64 = values.iter().copied().map(u64::from).sum();
    let largest = values.iter().copied().max().unwrap_or(0);
    limit == u16::MAX || u64::from(largest) * u64::from(u16::MAX) <= u64::from(limit) * sum
}

/// So that the largest is 65535, rounded to nearest.
fn rescaled(values: &[u16]) -> Vec<u16> {
    let largest = u32::from(values.iter().copied().max().unwrap_or(0));
    if largest == 0 {
        return values.to_vec();
    }
    let scale =
        |value: u16| (u64::from(value) * 131_070 + u64::from(largest)) / u64::from(2 * largest);
    values
        .iter()
        .map(|value| u16::try_from(scale(*value)).unwrap_or(u16::MAX))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seen on a running chain.
    #[test]
    fn weights_are_rescaled_as_the_pallet_does() {
        assert_eq!(rescaled(&[10, 5]), [65535, 32768]);
        assert_eq!(rescaled(&[1, 2, 3, 4]), [16384, 32768, 49151, 65535]);
        assert_eq!(rescaled(&[65535, 1, 0]), [65535, 1, 0]);
        assert!(rescaled(&[]).is_empty());
    }

    #[test]
    fn the_limit_is_a_share_of_the_sum() {
        assert!(within_limit(&[1, 1], 32768));
        assert!(!within_limit(&[1, 1], 32767));
        assert!(within_limit(&[9, 1], u16::MAX));
    }
}
