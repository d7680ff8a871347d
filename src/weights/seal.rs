//! A time-locked commit: the round at which the chain may open it, and the ciphertext, whose hash
//! is on disk before it is sent.

use super::WeightsError;
use super::pass::{View, Writing};
use super::reveal::vector;
use crate::chain::{Call, Hash, RevealConditions, RevealDelay, reveal_plan, timelock};
use crate::pass::Failure;
use crate::store::WeightsRow;

/// A commit so close to an epoch might land behind it, and be opened an epoch later than its round.
const BLOCKS_BEFORE_EPOCH: u64 = 3;

pub(super) enum Sealed {
    Call(Call),
    /// Why it cannot be sealed now.
    Wait(String),
}

/// Encrypts the row's weights anew: nothing of it may be on its way to the chain.
pub(super) async fn sealed(
    writing: &mut Writing<'_>,
    view: &View,
    row: &WeightsRow,
) -> Result<Sealed, Failure> {
    let left = view.subnet.epochs.blocks_until_next(view.next_block());
    if left.is_some_and(|left| left < BLOCKS_BEFORE_EPOCH) {
        return Ok(Sealed::Wait(
            "an epoch is about to end: committing right after it".to_owned(),
        ));
    }
    let no_way = || WeightsError::NoWay {
        spec_version: view.head.spec_version(),
    };
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
    Ok(Sealed::Call(Call::CommitTimelocked {
        netuid: row.netuid,
        ciphertext,
        reveal_round: plan.round,
        version: view.subnet.timelock_version.unwrap_or_default(),
    }))
}
