//! Executes a call on the state, as it is included in a block.

use super::calls::SubtensorCall;
use super::errors::PalletError;
use super::events::SubtensorEvent;
use super::storage::Storage;
use super::types::AccountId32;
use super::weights::{Weights, ensure, has_stake, note_update};
use super::{CommitScheme, PoolRefusal, commits, timelocked};

pub(super) fn dispatch(
    storage: &mut Storage,
    scheme: CommitScheme,
    hotkey: AccountId32,
    call: SubtensorCall,
    block: u64,
) -> Result<Vec<SubtensorEvent>, PalletError> {
    match call {
        SubtensorCall::set_weights {
            netuid,
            dests,
            weights,
            version_key,
        } => {
            ensure(
                !commits::is_enabled(storage, scheme, netuid),
                PalletError::MustCommit,
            )?;
            let weights = Weights {
                netuid,
                hotkey,
                uids: dests,
                values: weights,
                version_key,
            };
            let uid = weights.check(storage, scheme, Some(block))?;
            note_update(storage, netuid, uid, block);
            Ok(vec![weights.apply(storage, uid)])
        }
        SubtensorCall::commit_weights {
            netuid,
            commit_hash,
        } => commits::commit(storage, scheme, netuid, hotkey, commit_hash, block)
            .map(|event| vec![event]),
        SubtensorCall::reveal_weights {
            netuid,
            uids,
            values,
            salt,
            version_key,
        } => {
            let weights = Weights {
                netuid,
                hotkey,
                uids,
                values,
                version_key,
            };
            commits::reveal(storage, scheme, weights, &salt, block)
        }
        SubtensorCall::commit_timelocked_weights {
            netuid,
            commit,
            reveal_round,
            commit_reveal_version,
        } => timelocked::commit(
            storage,
            netuid,
            hotkey,
            commit,
            reveal_round,
            commit_reveal_version,
            block,
        )
        .map(|event| vec![event]),
    }
}

/// The chain's own check before an extrinsic gets into the pool: stake. With what it refuses
/// depends on the generation (chain.md, section 7).
pub(super) fn may_enter(
    storage: &Storage,
    scheme: CommitScheme,
    hotkey: AccountId32,
    call: &SubtensorCall,
) -> Result<(), PoolRefusal> {
    if has_stake(storage, scheme, call.netuid(), hotkey) {
        return Ok(());
    }
    Err(match scheme {
        CommitScheme::Off | CommitScheme::BlockIntervals => PoolRefusal::Call,
        CommitScheme::Epochs => PoolRefusal::Custom(match call {
            SubtensorCall::commit_weights { .. } => 1,
            SubtensorCall::reveal_weights { .. } => 2,
            SubtensorCall::set_weights { .. } => 3,
            SubtensorCall::commit_timelocked_weights { .. } => 7,
        }),
        CommitScheme::Timelocked => PoolRefusal::Custom(1),
    })
}
