//! New weights: chosen from the newest batch, stored with their salt, then set or committed while
//! the window is open. Uids are looked up again before every sending.

use std::time::Duration;

use tracing::{info, warn};

use super::attempt::{Act, Attempt, Order};
use super::draft::{draft, due_batch, nobody_in, refreshed};
use super::pass::{Patience, View, Writing};
use super::window::not_yet;
use super::{WeightsError, reveal, seal};
use crate::chain::{Call, Remedy, Until};
use crate::pass::Failure;
use crate::store::{
    BatchId, BatchRow, IntentState, StoreError, Way, WeightsId, WeightsRow, WeightsState,
};
use crate::wire::event::EventSubtype;

const ATTEMPTS: u32 = 100;
const LIMIT: Duration = Duration::from_secs(60);
const BACKOFF: Duration = Duration::from_secs(5);

/// Places what is decided, or decides what is due. Gives back what is waited for, if anything.
pub(super) async fn advance(writing: &mut Writing<'_>) -> Result<Option<String>, Failure> {
    let open = writing.pass.store.open_weights()?;
    if let Some(row) = open.iter().find(|row| row.state == WeightsState::Decided) {
        return send(writing, row.id).await;
    }
    let view = writing.look().await?;
    let Some((batch, older)) = due_batch(writing, &view)? else {
        return Ok(None);
    };
    let draft = draft(writing, &view, &batch).await?;
    // what an operator takes as it is has to be kept now: no later pass takes it
    if !writing.options.accept_incomplete
        && let Some(reason) = not_yet(writing, &view, draft.new.way)
    {
        return Ok(Some(reason));
    }
    if draft.new.entries.is_empty() {
        return nobody(writing, &batch, &older);
    }
    for batch in &older {
        warn!(batch = batch.number(), "superseded by a newer batch");
    }
    let id = writing
        .pass
        .store
        .decide_weights(&draft.new, batch.id, &older, writing.pass.now())?;
    info!(
        weights = id.number(),
        batch = batch.id.number(),
        way = draft.new.way.name(),
        "decided"
    );
    let waiting_for = send(writing, id).await?;
    Ok(waiting_for.map(|reason| format!("weights {} are decided; {reason}", id.number())))
}

fn nobody(
    writing: &mut Writing<'_>,
    batch: &BatchRow,
    older: &[BatchId],
) -> Result<Option<String>, Failure> {
    let text = nobody_in(batch.id);
    let event = writing.about_batches(EventSubtype::GenericError, &text);
    let mut done: Vec<BatchId> = older.to_vec();
    done.push(batch.id);
    writing.pass.store.supersede_batches(&done, &event)?;
    Ok(Some(format!("{text}: nothing is written")))
}

/// Sends decided weights until they are on chain, the window is over, or patience is.
async fn send(writing: &mut Writing<'_>, id: WeightsId) -> Result<Option<String>, Failure> {
    let mut patience = Patience::new(ATTEMPTS, BACKOFF, writing.deadline);
    loop {
        let view = writing.look().await?;
        let Some(row) = refreshed(writing, &view, id).await? else {
            return Ok(None);
        };
        if view.next_block() >= row.window_stop {
            let reason = format!("its window closed at block {}", row.window_stop);
            return Err(writing.give_up(id, reason));
        }
        // weights that were decided for another way may have to wait for the window of this one
        if let Some(reason) = not_yet(writing, &view, row.way) {
            return Ok(Some(reason));
        }
        let (act, call, last_block) = match row.way {
            Way::Set => (Act::Set, Call::SetWeights(reveal::vector(&row)), None),
            Way::Hash => (Act::Commit, hash_commit(&row)?, None),
            Way::Timelock => match seal::sealed(writing, &view, &row).await? {
                seal::Sealed::Call { call, last_block } => (Act::Commit, call, Some(last_block)),
                seal::Sealed::Wait(reason) => return Ok(Some(reason)),
            },
        };
        let order = Order {
            act,
            call: &call,
            until: Until::Included,
            limit: LIMIT,
            last_block,
        };
        let attempt = writing.attempt(id, order).await?;
        let reason = match attempt {
            Attempt::Done { included, intent } => {
                let view = writing.look().await?;
                let row = writing.pass.store.weights(id)?.unwrap_or(row);
                placed(writing, &row, &view, Some(included.block))?;
                let outcome = format!("included in block {}", included.block);
                writing.settle(intent, IntentState::Done, &outcome)?;
                if row.way == Way::Set {
                    reveal::revealed(writing, &row, included.block).await?;
                }
                return Ok(None);
            }
            Attempt::Open => return Ok(Some("the extrinsic may still be included".to_owned())),
            Attempt::Refused(refusal) => {
                let text = format!("to {} weights was refused: {refusal}", act.name());
                let subtype = match act {
                    Act::Set => EventSubtype::SetWeightsError,
                    Act::Commit | Act::Reveal => EventSubtype::CommitWeightsError,
                };
                let event = writing.failure(subtype, id, &text);
                writing.pass.store.keep_event(&event)?;
                if refusal.remedy != Remedy::Reread {
                    return Err(WeightsError::Refused {
                        act: act.name(),
                        refusal,
                    }
                    .into());
                }
                text
            }
            Attempt::Lost(reason) => {
                let event = writing.failure(EventSubtype::WritingToChainTimeout, id, &reason);
                writing.pass.store.keep_event(&event)?;
                reason
            }
        };
        warn!(reason, "attempt failed");
        if !patience.pause(writing.pass).await? {
            let attempts = patience.made();
            return Err(WeightsError::Lost {
                act: act.name(),
                attempts,
                reason,
            }
            .into());
        }
    }
}

fn hash_commit(row: &WeightsRow) -> Result<Call, Failure> {
    let hash = row
        .commit_hash
        .as_deref()
        .and_then(|text| text.parse().ok());
    let hash = hash.ok_or_else(|| StoreError::Row {
        table: "weights",
        id: row.id.number(),
        finding: "has no commit hash".to_owned(),
    })?;
    Ok(Call::CommitHash {
        netuid: row.netuid,
        hash,
    })
}

/// Stores that the chain holds what this row is about; `block` as far as it is known.
pub(super) fn placed(
    writing: &mut Writing<'_>,
    row: &WeightsRow,
    view: &View,
    block: Option<u64>,
) -> Result<(), Failure> {
    let held = reveal::held(view, row);
    let block = block
        .or(held.map(|commit| commit.commit_block))
        .or(view.written.last_update)
        .unwrap_or(view.head.block());
    let window = held.map(|commit| (commit.window.first, commit.window.last));
    let (subtype, text) = match row.way {
        Way::Set => (
            EventSubtype::SetWeightsSuccess,
            format!("weights {} set in block {block}", row.id.number()),
        ),
        Way::Hash => {
            let due = window.map_or_else(String::new, |(from, until)| {
                format!(", to be revealed in blocks {from} to {until}")
            });
            (
                EventSubtype::CommitWeightsSuccess,
                format!(
                    "weights {} committed in block {block}{due}",
                    row.id.number()
                ),
            )
        }
        Way::Timelock => (
            EventSubtype::CommitWeightsSuccess,
            format!(
                "weights {} committed in block {block}, time-locked to round {}",
                row.id.number(),
                row.reveal_round.unwrap_or_default()
            ),
        ),
    };
    let event = writing.success(subtype, row.id, &text);
    writing
        .pass
        .store
        .weights_placed(row.id, block, window, &event)?;
    writing.say(text);
    Ok(())
}
