//! Hash commit-reveal: what may be committed, when it may be revealed (chain.md, section 8).
//! Two generations of rules: intervals of blocks with one commit, epochs with a queue of ten.

use parity_scale_codec::Encode;
use sp_crypto_hashing::blake2_256;

use super::epochs::Epochs;
use super::errors::PalletError;
use super::events::SubtensorEvent;
use super::storage::Storage;
use super::subnet::Subnet;
use super::types::{AccountId32, H256, Hash};
use super::weights::{Weights, ensure, exists, note_update, rate_limit_passed};
use super::{Commit, CommitScheme, items};

/// Open commits of one hotkey, timelocked ones counted apart.
pub(super) const MOST_OPEN: usize = 10;

pub(super) fn epochs(storage: &Storage, netuid: u16) -> Epochs {
    Epochs {
        netuid,
        tempo: items::TEMPO.get(storage, (netuid,)),
    }
}

/// First and last block in which a commit made in `block` can be revealed.
pub(super) fn reveal_window(
    storage: &Storage,
    scheme: CommitScheme,
    netuid: u16,
    block: u64,
) -> (u64, u64) {
    if scheme == CommitScheme::BlockIntervals {
        let interval = interval(storage, netuid);
        let first = (block / interval + 1) * interval;
        return (first, first + interval - 1);
    }
    let epochs = epochs(storage, netuid);
    let period = reveal_period(storage, netuid);
    epochs.blocks(epochs.index(block) + period)
}

pub(super) fn reveal_period(storage: &Storage, netuid: u16) -> u64 {
    items::REVEAL_PERIOD_EPOCHS
        .find(storage, (netuid,))
        .unwrap_or(1)
}

fn interval(storage: &Storage, netuid: u16) -> u64 {
    let interval = items::COMMIT_REVEAL_INTERVAL.find(storage, (netuid,));
    interval.unwrap_or(1000).max(1)
}

pub(super) fn is_enabled(storage: &Storage, scheme: CommitScheme, netuid: u16) -> bool {
    let item = scheme.commit_reveal_enabled();
    item.is_some_and(|item| item.find(storage, (netuid,)) == Some(true))
}

/// What the hotkey has committed and not revealed, oldest first.
pub(super) fn open_of(storage: &Storage, subnet: Subnet, hotkey: AccountId32) -> Vec<Commit> {
    let Subnet { scheme, netuid } = subnet;
    let commits: Vec<(H256, u64)> = match scheme {
        CommitScheme::Off => Vec::new(),
        CommitScheme::BlockIntervals => {
            let one = items::ONE_WEIGHT_COMMIT.find(storage, (netuid, hotkey));
            one.into_iter().collect()
        }
        CommitScheme::Epochs | CommitScheme::Timelocked => {
            let queue = items::WEIGHT_COMMITS.find(storage, (netuid, hotkey));
            let queue = queue.unwrap_or_default().into_iter();
            queue.map(|(hash, block, ..)| (hash, block)).collect()
        }
    };
    let open = commits.into_iter().map(|(hash, block)| Commit::Hash {
        hash: hash.0,
        block,
        window: reveal_window(storage, scheme, netuid, block),
    });
    open.collect()
}

pub(super) fn commit(
    storage: &mut Storage,
    scheme: CommitScheme,
    netuid: u16,
    hotkey: AccountId32,
    hash: H256,
    block: u64,
) -> Result<SubtensorEvent, PalletError> {
    if scheme == CommitScheme::BlockIntervals {
        commit_in_interval(storage, scheme, netuid, hotkey, hash, block)?;
    } else {
        let uid = may_commit(storage, scheme, netuid, hotkey, block)?;
        commit_in_epoch(storage, scheme, netuid, hotkey, hash, block)?;
        note_update(storage, netuid, uid, block);
    }
    Ok(SubtensorEvent::WeightsCommitted(hotkey, netuid, hash))
}

/// What comes before any commit of the newer rules. Returns the uid.
pub(super) fn may_commit(
    storage: &Storage,
    scheme: CommitScheme,
    netuid: u16,
    hotkey: AccountId32,
    block: u64,
) -> Result<u16, PalletError> {
    ensure(exists(storage, netuid), PalletError::NoSubnet)?;
    ensure(
        is_enabled(storage, scheme, netuid),
        PalletError::MustNotCommit,
    )?;
    let uid = items::UIDS
        .find(storage, (netuid, hotkey))
        .ok_or(PalletError::NotRegistered)?;
    ensure(
        rate_limit_passed(storage, netuid, uid, block),
        PalletError::CommitTooSoon,
    )?;
    Ok(uid)
}

fn commit_in_interval(
    storage: &mut Storage,
    scheme: CommitScheme,
    netuid: u16,
    hotkey: AccountId32,
    hash: H256,
    block: u64,
) -> Result<(), PalletError> {
    ensure(
        is_enabled(storage, scheme, netuid),
        PalletError::MustNotCommit,
    )?;
    let interval = interval(storage, netuid);
    if let Some((_, earlier)) = items::ONE_WEIGHT_COMMIT.find(storage, (netuid, hotkey)) {
        ensure(
            block / interval > earlier / interval,
            PalletError::TooManyCommits,
        )?;
    }
    items::ONE_WEIGHT_COMMIT.put(storage, (netuid, hotkey), &(hash, block));
    Ok(())
}

fn commit_in_epoch(
    storage: &mut Storage,
    scheme: CommitScheme,
    netuid: u16,
    hotkey: AccountId32,
    hash: H256,
    block: u64,
) -> Result<(), PalletError> {
    let mut open = items::WEIGHT_COMMITS
        .find(storage, (netuid, hotkey))
        .unwrap_or_default();
    open.retain(|(_, committed, ..)| block <= reveal_window(storage, scheme, netuid, *committed).1);
    ensure(open.len() < MOST_OPEN, PalletError::TooManyCommits)?;
    let (first, last) = reveal_window(storage, scheme, netuid, block);
    open.push((hash, block, first, last));
    items::WEIGHT_COMMITS.put(storage, (netuid, hotkey), &open);
    Ok(())
}

pub(super) fn reveal(
    storage: &mut Storage,
    scheme: CommitScheme,
    weights: Weights,
    salt: &[u16],
    block: u64,
) -> Result<Vec<SubtensorEvent>, PalletError> {
    let (netuid, hotkey) = (weights.netuid, weights.hotkey);
    ensure(
        is_enabled(storage, scheme, netuid),
        PalletError::MustNotCommit,
    )?;
    let hash = preimage_hash(&weights, salt);
    if scheme == CommitScheme::BlockIntervals {
        take_in_interval(storage, scheme, netuid, hotkey, hash, block)?;
    } else {
        take_in_epoch(storage, scheme, netuid, hotkey, hash, block)?;
    }
    let uid = weights.check(storage, scheme, None)?;
    let set = weights.apply(storage, uid);
    if scheme == CommitScheme::BlockIntervals {
        note_update(storage, netuid, uid, block);
    }
    Ok(vec![
        set,
        SubtensorEvent::WeightsRevealed(hotkey, netuid, H256(hash)),
    ])
}

fn preimage_hash(weights: &Weights, salt: &[u16]) -> Hash {
    let Weights {
        netuid,
        hotkey,
        uids,
        values,
        version_key,
    } = weights;
    blake2_256(&(hotkey, netuid, uids, values, salt, version_key).encode())
}

fn take_in_interval(
    storage: &mut Storage,
    scheme: CommitScheme,
    netuid: u16,
    hotkey: AccountId32,
    hash: Hash,
    block: u64,
) -> Result<(), PalletError> {
    let (committed_hash, committed) = items::ONE_WEIGHT_COMMIT
        .find(storage, (netuid, hotkey))
        .ok_or(PalletError::NothingCommitted)?;
    let (first, last) = reveal_window(storage, scheme, netuid, committed);
    ensure((first..=last).contains(&block), PalletError::OutsideWindow)?;
    ensure(committed_hash.0 == hash, PalletError::OtherHash)?;
    items::ONE_WEIGHT_COMMIT.remove(storage, (netuid, hotkey));
    Ok(())
}

/// Takes the commit and all older ones from the queue.
fn take_in_epoch(
    storage: &mut Storage,
    scheme: CommitScheme,
    netuid: u16,
    hotkey: AccountId32,
    hash: Hash,
    block: u64,
) -> Result<(), PalletError> {
    let commits = items::WEIGHT_COMMITS
        .find(storage, (netuid, hotkey))
        .ok_or(PalletError::NothingCommitted)?;
    let window = |committed| reveal_window(storage, scheme, netuid, committed);
    let (open, expired): (Vec<_>, Vec<_>) = commits
        .into_iter()
        .partition(|(_, committed, ..)| block <= window(*committed).1);
    let Some(place) = open.iter().position(|(open, ..)| open.0 == hash) else {
        let was_expired = expired.iter().any(|(expired, ..)| expired.0 == hash);
        return Err(if was_expired {
            PalletError::Expired
        } else if open.is_empty() {
            PalletError::NothingCommitted
        } else {
            PalletError::OtherHash
        });
    };
    let (first, _) = window(open[place].1);
    ensure(block >= first, PalletError::OutsideWindow)?;
    let newer = open[place + 1..].to_vec();
    if newer.is_empty() {
        items::WEIGHT_COMMITS.remove(storage, (netuid, hotkey));
    } else {
        items::WEIGHT_COMMITS.put(storage, (netuid, hotkey), &newer);
    }
    Ok(())
}
