//! A time-locked commit: the round at which the chain may open it, and the ciphertext, whose hash
//! is on disk before it is sent.

use super::WeightsError;
use super::pass::{View, Writing};
use super::reveal::vector;
use crate::chain::{Call, Hash, RevealConditions, RevealDelay, reveal_plan, timelock};
use crate::pass::Failure;
use crate::store::WeightsRow;

/// A commit that lands behind the epoch is opened an epoch later than its round, so none may live
/// so long: the shortest life has so many blocks after that of its birth.
const BLOCKS_BEFORE_EPOCH: u64 = 3;

pub(super) enum Sealed {
    Call {
        call: Call,
        /// The last block of its epoch.
        last_block: u64,
    },
    /// Why it cannot be sealed now.
    Wait(String),
}

/// Encrypts the row's weights anew: nothing of it may be on its way to the chain.
pub(super) async fn sealed(
    writing: &mut Writing<'_>,
    view: &View,
    row: &WeightsRow,
) -> Result<Sealed, Failure> {
    let no_way = || WeightsError::NoWay {
        spec_version: view.head.spec_version(),
    };
    let next = view.next_block();
    let epoch = view.subnet.epochs.next_epoch(next).ok_or_else(no_way)?;
    if epoch - next < BLOCKS_BEFORE_EPOCH {
        return Ok(Sealed::Wait(
            "an epoch is about to end: committing right after it".to_owned(),
        ));
    }
    let form = view.head.capabilities().timelock.ok_or_else(no_way)?;
    let beacon = view.head.beacon().await?.ok_or_else(no_way)?;
    let reveal_epochs = match view.subnet.reveal_delay {
        Some(RevealDelay::Epochs { epochs }) => epochs,
        Some(RevealDelay::Interval { .. }) | None => 1,
    };
    let now = writing.pass.now();
    let plan = reveal_plan(&RevealConditions {
        epochs: &view.subnet.epochs,
        form,
        reveal_epochs,
        beacon: &beacon,
        block_time: view.head.block_time()?,
        head: view.head.block(),
        now,
    })
    .ok_or_else(no_way)?;
    let plaintext = timelock::commit_plaintext(form, &writing.signer.hotkey(), &vector(row));
    let ciphertext = timelock::encrypt(&plaintext, &beacon.public_key, plan.round)
        .map_err(WeightsError::Timelock)?;
    let hash = Hash::of(&ciphertext).to_string();
    writing
        .pass
        .store
        .seal_weights(row.id, &hash, plan.round, plan.opens_at, now)?;
    let call = Call::CommitTimelocked {
        netuid: row.netuid,
        ciphertext,
        reveal_round: plan.round,
        version: view.subnet.timelock_version.unwrap_or_default(),
    };
    Ok(Sealed::Call {
        call,
        last_block: epoch - 1,
    })
}
