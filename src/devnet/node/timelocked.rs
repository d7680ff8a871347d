//! Timelocked commits: taken as ciphertext, opened by the chain itself once the beacon has
//! signed their round (chain.md, section 9). What cannot be opened in its epoch is dropped
//! without a word, as on the real chain.

use parity_scale_codec::Decode;
use sp_crypto_hashing::blake2_256;

use super::commits::{MOST_OPEN, epochs, may_commit, reveal_period};
use super::errors::PalletError;
use super::events::SubtensorEvent;
use super::storage::Storage;
use super::types::{AccountId32, H256, Pulse};
use super::weights::{Weights, ensure, note_update};
use super::{Commit, CommitScheme, items};
use crate::chain::timelock;

const SCHEME: CommitScheme = CommitScheme::Timelocked;

pub(super) fn commit(
    storage: &mut Storage,
    netuid: u16,
    hotkey: AccountId32,
    ciphertext: Vec<u8>,
    round: u64,
    version: u16,
    block: u64,
) -> Result<SubtensorEvent, PalletError> {
    ensure(
        Some(version) == items::COMMIT_REVEAL_VERSION.find(storage, ()),
        PalletError::OtherCommitVersion,
    )?;
    let uid = may_commit(storage, SCHEME, netuid, hotkey, block)?;
    // in the block in which the epoch runs, a commit counts for the one that follows
    let epoch = epochs(storage, netuid).index(block + 1);
    let mut open = items::TIMELOCKED_WEIGHT_COMMITS.get(storage, (netuid, epoch));
    let own = open.iter().filter(|(account, ..)| *account == hotkey);
    ensure(own.count() < MOST_OPEN, PalletError::TooManyCommits)?;
    let hash = H256(blake2_256(&ciphertext));
    open.push((hotkey, block, ciphertext, round));
    items::TIMELOCKED_WEIGHT_COMMITS.put(storage, (netuid, epoch), &open);
    note_update(storage, netuid, uid, block);
    Ok(SubtensorEvent::TimelockedWeightsCommitted(
        hotkey, netuid, hash, round,
    ))
}

/// Opens what is due in this block: every commit of the epoch that is revealed now and whose
/// round is out. The others stay until their epoch has passed.
pub(super) fn open_due(storage: &mut Storage, netuid: u16, block: u64) -> Vec<SubtensorEvent> {
    let index = epochs(storage, netuid).index(block);
    let period = reveal_period(storage, netuid);
    if let Some(missed) = index.checked_sub(period + 1) {
        items::TIMELOCKED_WEIGHT_COMMITS.remove(storage, (netuid, missed));
    }
    let Some(due) = index.checked_sub(period) else {
        return Vec::new();
    };
    let commits = items::TIMELOCKED_WEIGHT_COMMITS.get(storage, (netuid, due));
    let mut waiting = Vec::new();
    let mut events = Vec::new();
    for commit in &commits {
        let (hotkey, _, ciphertext, round) = commit;
        match items::PULSES.find(storage, (*round,)) {
            None => waiting.push(commit.clone()),
            Some(pulse) => events.extend(open(storage, netuid, *hotkey, ciphertext, &pulse)),
        }
    }
    if waiting.is_empty() {
        items::TIMELOCKED_WEIGHT_COMMITS.remove(storage, (netuid, due));
    } else if waiting.len() < commits.len() {
        items::TIMELOCKED_WEIGHT_COMMITS.put(storage, (netuid, due), &waiting);
    }
    events
}

/// The rounds that open commits wait for.
pub(super) fn awaited_rounds(storage: &Storage) -> Vec<u64> {
    let commits = all(storage).into_iter().flat_map(|(_, commits)| commits);
    commits.map(|(.., round)| round).collect()
}

/// What the hotkey has committed and the chain has not opened, oldest first.
pub(super) fn open_of(storage: &Storage, hotkey: AccountId32) -> Vec<Commit> {
    let mut open = Vec::new();
    for (epoch, commits) in all(storage) {
        for (account, block, _, round) in commits {
            if account == hotkey {
                open.push(Commit::Timelocked {
                    epoch,
                    block,
                    round,
                });
            }
        }
    }
    open
}

/// Every epoch with its commits, oldest first.
fn all(storage: &Storage) -> Vec<(u64, Vec<items::TimelockedCommit>)> {
    let keys = storage.newest_keys(&items::TIMELOCKED_WEIGHT_COMMITS.prefix());
    let commits = keys.iter().filter_map(|key| {
        let epoch = u64::from_le_bytes(*key.last_chunk()?);
        let mut bytes = storage.get(key)?;
        Some((epoch, Vec::decode(&mut bytes).ok()?))
    });
    let mut commits: Vec<(u64, Vec<items::TimelockedCommit>)> = commits.collect();
    // their keys are hashed: their order says nothing
    commits.sort_by_key(|(epoch, _)| *epoch);
    commits
}

fn open(
    storage: &mut Storage,
    netuid: u16,
    hotkey: AccountId32,
    ciphertext: &[u8],
    pulse: &Pulse,
) -> Vec<SubtensorEvent> {
    let signature: Option<&[u8; 48]> = pulse.signature.as_slice().try_into().ok();
    let plain = signature.and_then(|signature| timelock::decrypt(ciphertext, signature).ok());
    let Some(weights) = plain.and_then(|plain| committed(&plain, netuid, hotkey)) else {
        return Vec::new();
    };
    match weights.check(storage, SCHEME, None) {
        Ok(uid) => vec![
            weights.apply(storage, uid),
            SubtensorEvent::TimelockedWeightsRevealed(netuid, hotkey),
        ],
        Err(_) => Vec::new(),
    }
}

/// The weights in an opened commit; the signer's hotkey stands in front, except in the older
/// form.
fn committed(plain: &[u8], netuid: u16, hotkey: AccountId32) -> Option<Weights> {
    type Newer = (Vec<u8>, Vec<u16>, Vec<u16>, u64);
    type Older = (Vec<u16>, Vec<u16>, u64);
    let whole = |rest: &[u8]| rest.is_empty();
    let mut rest = plain;
    let (uids, values, version_key) = match Newer::decode(&mut rest) {
        Ok((named, uids, values, version_key)) if whole(rest) => {
            if named != hotkey.0 {
                return None;
            }
            (uids, values, version_key)
        }
        _ => {
            let mut rest = plain;
            Older::decode(&mut rest).ok().filter(|_| whole(rest))?
        }
    };
    Some(Weights {
        netuid,
        hotkey,
        uids,
        values,
        version_key,
    })
}
