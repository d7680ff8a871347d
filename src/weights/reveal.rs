//! Weights that stand on chain and are not in force yet: reveal them in their window, or watch
//! the chain open them, and read back what came of it.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::attempt::{self, Act, Attempt, Order};
use super::pass::{Patience, View, Writing};
use super::{WeightsError, judge};
use crate::chain::{Call, OpenCommit, RevealTiming, Snapshot, Until, WeightVector};
use crate::pass::Failure;
use crate::store::{Entry, IntentState, Way, WeightsRow};
use crate::wire::event::EventSubtype;

/// A commit that vanished longer ago than the life of an extrinsic and so many blocks was not
/// undone by a reorganisation.
const REORG_DEPTH: u64 = 24;
/// Blocks that are waited for until something included is finalized.
const FINALITY_BLOCKS: u32 = 10;

pub(super) async fn advance(writing: &mut Writing<'_>, row: WeightsRow) -> Result<(), Failure> {
    match row.way {
        Way::Set => revealed(writing, &row, row.placed_block.unwrap_or(row.decided_block)).await,
        Way::Hash => advance_hash(writing, row).await,
        Way::Timelock => advance_timelock(writing, row).await,
    }
}

async fn advance_hash(writing: &mut Writing<'_>, row: WeightsRow) -> Result<(), Failure> {
    let view = writing.look().await?;
    let Some(commit) = held(&view, &row) else {
        return vanished(writing, row, &view).await;
    };
    match commit.window.timing(view.next_block()) {
        RevealTiming::TooEarly => {
            debug!(
                weights = row.id.number(),
                from = commit.window.first,
                "reveal is due later"
            );
            Ok(())
        }
        // every attempt would be refused; what is due now goes in clear meanwhile
        RevealTiming::Open if view.subnet.commit_reveal_enabled == Some(false) => {
            warn!(
                weights = row.id.number(),
                until = commit.window.last,
                "the subnet has switched commit-reveal off: this commit cannot be revealed"
            );
            Ok(())
        }
        RevealTiming::Open => reveal(writing, row).await,
        RevealTiming::Expired => {
            let reason = format!(
                "the window for revealing it closed with block {} (now at {})",
                commit.window.last,
                view.head.block()
            );
            Err(writing.give_up(row.id, reason))
        }
    }
}

/// The row's commit, as far as the chain holds it.
pub(super) fn held<'a>(view: &'a View, row: &WeightsRow) -> Option<&'a OpenCommit> {
    let mut commits = view.written.commits.iter();
    commits.find(|commit| Some(commit.hash.to_string()) == row.commit_hash)
}

/// Whether a reveal that lands in the next block counts.
async fn is_due(writing: &Writing<'_>, row: &WeightsRow) -> Result<bool, Failure> {
    let view = writing.look().await?;
    let timing = held(&view, row).map(|commit| commit.window.timing(view.next_block()));
    Ok(timing == Some(RevealTiming::Open))
}

async fn reveal(writing: &mut Writing<'_>, row: WeightsRow) -> Result<(), Failure> {
    let params = &writing.pass.params;
    let (attempts, ttl, backoff) = (
        params.revealing_attempts(),
        params.revealing_ttl(),
        params.revealing_failure_backoff(),
    );
    let mut patience = Patience::new(attempts, backoff, writing.deadline);
    let call = Call::Reveal {
        weights: vector(&row),
        salt: row.salt.clone(),
    };
    loop {
        let order = Order {
            act: Act::Reveal,
            call: &call,
            until: Until::Finalized,
            limit: ttl,
            last_block: None,
        };
        let attempt = writing.attempt(row.id, order).await?;
        let reason = match attempt {
            Attempt::Done { included, intent } => {
                revealed(writing, &row, included.block).await?;
                let outcome = format!("included in block {}", included.block);
                return writing.settle(intent, IntentState::Done, &outcome);
            }
            Attempt::Open => return Ok(()),
            Attempt::Refused(refusal) => {
                let text = format!("revealing was refused: {refusal}");
                let event = writing.failure(EventSubtype::RevealWeightsError, row.id, &text);
                writing.pass.store.keep_event(&event)?;
                if refusal.is_final() {
                    return Err(WeightsError::Refused {
                        act: "reveal",
                        refusal,
                    }
                    .into());
                }
                text
            }
            Attempt::Lost(reason) => {
                let event = writing.failure(EventSubtype::WritingToChainTimeout, row.id, &reason);
                writing.pass.store.keep_event(&event)?;
                reason
            }
        };
        warn!(reason, "reveal failed");
        if !patience.pause(writing.pass).await? {
            let attempts = patience.made();
            return Err(WeightsError::Lost {
                act: "reveal",
                attempts,
                reason,
            }
            .into());
        }
        // what has become of it the next pass finds out
        if !is_due(writing, &row).await? {
            return Ok(());
        }
    }
}

/// The chain no longer holds the commit: it was revealed, expired, or undone by a reorganisation.
async fn vanished(writing: &mut Writing<'_>, row: WeightsRow, view: &View) -> Result<(), Failure> {
    let placed_at = row.placed_block.unwrap_or(row.decided_block);
    if judge::matches(&row.entries, &view.written.weights) {
        return revealed(writing, &row, view.head.block()).await;
    }
    let life = attempt::life(view.head.block_time()?);
    if writing.chain.finalized().await?.block() < placed_at + life {
        info!(
            weights = row.id.number(),
            "gone from the chain, and may still be put back"
        );
        return Ok(());
    }
    let is_recent = view.head.block() <= placed_at + life + REORG_DEPTH;
    if is_recent && view.head.block() < row.window_stop {
        return undone(writing, &row);
    }
    let reason = format!(
        "the chain no longer holds commit {} of block {placed_at}, and other weights are in force",
        row.commit_hash.as_deref().unwrap_or("?")
    );
    Err(writing.give_up(row.id, reason))
}

/// A reorganisation took back what was written: it is to be placed again.
fn undone(writing: &mut Writing<'_>, row: &WeightsRow) -> Result<(), Failure> {
    let (subtype, text) = match row.way {
        Way::Set => (
            EventSubtype::SetWeightsError,
            "a reorganisation of the chain undid the weights",
        ),
        Way::Hash | Way::Timelock => (
            EventSubtype::CommitWeightsError,
            "a reorganisation of the chain undid the commit",
        ),
    };
    warn!(weights = row.id.number(), "{text}: placing them again");
    let event = writing.failure(subtype, row.id, text);
    Ok(writing.pass.store.unplace_weights(row.id, &event)?)
}

async fn advance_timelock(writing: &mut Writing<'_>, row: WeightsRow) -> Result<(), Failure> {
    let view = writing.look().await?;
    let held = view
        .written
        .timelocked
        .iter()
        .any(|commit| Some(commit.ciphertext_hash.to_string()) == row.commit_hash);
    if held {
        info!(
            weights = row.id.number(),
            round = row.reveal_round,
            "the chain will open it"
        );
        return Ok(());
    }
    vanished(writing, row, &view).await
}

/// Reads back what is in force, from finalized state, once `block` is final.
pub(super) async fn revealed(
    writing: &mut Writing<'_>,
    row: &WeightsRow,
    block: u64,
) -> Result<(), Failure> {
    let Some(finalized) = finalized_from(writing, block).await? else {
        info!(block, "waiting for the block to be finalized");
        return Ok(());
    };
    let subnet = writing.pass.subnet(&finalized).await?;
    let written = finalized.written(&subnet, &writing.signer.hotkey()).await?;
    if !judge::matches(&row.entries, &written.weights) {
        let is_undone = row.way == Way::Set && written.last_update < Some(block);
        if is_undone && finalized.block() < block + attempt::life(finalized.block_time()?) {
            info!(block, "gone from the chain, and may still be put back");
            return Ok(());
        }
        if is_undone && finalized.block() < row.window_stop {
            return undone(writing, row);
        }
        let reason = format!(
            "block {} holds other weights than were written; does another server use this hotkey?",
            finalized.block()
        );
        return Err(writing.give_up(row.id, reason));
    }
    let (subtype, verb) = match row.way {
        Way::Set => (EventSubtype::SetWeightsSuccess, "set"),
        Way::Hash => (EventSubtype::RevealWeightsSuccess, "revealed"),
        Way::Timelock => (EventSubtype::RevealWeightsSuccess, "opened by the chain"),
    };
    let block = match row.way {
        // a reorganisation may have moved it
        Way::Set => written.last_update.unwrap_or(block),
        Way::Hash | Way::Timelock => block,
    };
    let text = format!(
        "weights {} {verb}, {} uids, read back from block {}",
        row.id.number(),
        row.entries.len(),
        finalized.block()
    );
    let event = writing.success(subtype, row.id, &text);
    writing.pass.store.weights_final(row.id, block, &event)?;
    writing.say(text);
    Ok(())
}

async fn finalized_from(writing: &Writing<'_>, block: u64) -> Result<Option<Snapshot>, Failure> {
    let mut finalized = writing.chain.finalized().await?;
    let block_time = finalized.block_time()?.max(Duration::from_millis(50));
    let deadline = writing
        .deadline
        .min(Instant::now() + block_time * FINALITY_BLOCKS);
    while finalized.block() < block && Instant::now() < deadline {
        tokio::time::sleep(block_time.min(Duration::from_secs(2))).await;
        finalized = writing.chain.finalized().await?;
    }
    Ok((finalized.block() >= block).then_some(finalized))
}

pub(super) fn vector(row: &WeightsRow) -> WeightVector {
    WeightVector {
        netuid: row.netuid,
        uids: row.entries.iter().map(|entry: &Entry| entry.uid).collect(),
        values: row.entries.iter().map(|entry| entry.value).collect(),
        version_key: row.version_key,
    }
}
