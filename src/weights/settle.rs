//! What an earlier pass left open: intents whose outcome is unknown are settled by asking the
//! chain, and rows are compared with the chain's own record, which is the truth.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

use super::attempt::{Act, Sent, unread};
use super::pass::{View, Writing};
use super::{judge, place, reveal};
use crate::chain::{ChainError, Fate, Outcome};
use crate::pass::Failure;
use crate::store::{Intent, IntentState, Way, WeightsRow, WeightsState};

/// How long one pass waits for an extrinsic that may still be included.
const WAIT: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    All,
    StillOpen,
}

pub(super) async fn pending(writing: &mut Writing<'_>) -> Result<Settled, Failure> {
    for intent in writing.pass.store.pending_intents(Act::PREFIX)? {
        if settle(writing, &intent).await? == Settled::StillOpen {
            return Ok(Settled::StillOpen);
        }
    }
    let view = writing.look().await?;
    for row in writing.pass.store.open_weights()? {
        if row.state == WeightsState::Decided && is_on_chain(&row, &view) {
            warn!(
                weights = row.id.number(),
                "found on chain, though this database did not know"
            );
            place::placed(writing, &row, &view, None)?;
        }
    }
    Ok(Settled::All)
}

async fn settle(writing: &mut Writing<'_>, intent: &Intent) -> Result<Settled, Failure> {
    let sent: Option<Sent> = serde_json::from_value(intent.detail.clone()).ok();
    let (Some(sent), Some(act)) = (sent, Act::of_intent(&intent.kind)) else {
        warn!(
            kind = intent.kind,
            "an intent that this program does not understand is left alone"
        );
        return Ok(Settled::All);
    };
    let view = writing.look().await?;
    let poll = view.head.block_time()?;
    let fate = match sent.fate(&writing.chain, poll, Instant::now() + WAIT).await {
        // too old to be looked up: the record below tells
        Err(Failure::Chain(ChainError::StateDiscarded { .. } | ChainError::NoSuchBlock { .. })) => {
            Fate::Lost
        }
        fate => fate?,
    };
    let store = &mut writing.pass.store;
    let row = store
        .open_weights()?
        .into_iter()
        .find(|row| row.id.number() == intent.subject);
    let (state, outcome) = match &fate {
        Fate::Open => return Ok(Settled::StillOpen),
        Fate::Lost => (IntentState::Void, "never included".to_owned()),
        Fate::Included(included) => match &included.outcome {
            Outcome::Failed(refusal) => (IntentState::Refused, refusal.to_string()),
            // what it did is read back like anything else
            Outcome::Unreadable(reason) => (IntentState::Done, unread(included.block, reason)),
            Outcome::Succeeded => {
                if let Some(row) = row {
                    let view = writing.look().await?;
                    match act {
                        Act::Set | Act::Commit if row.state == WeightsState::Decided => {
                            place::placed(writing, &row, &view, Some(included.block))?;
                        }
                        // whether the reveal counted is read back like any other
                        Act::Set | Act::Commit => (),
                        Act::Reveal => reveal::revealed(writing, &row, included.block).await?,
                    }
                }
                (
                    IntentState::Done,
                    format!("included in block {}", included.block),
                )
            }
        },
    };
    info!(
        act = act.name(),
        weights = intent.subject,
        outcome,
        "settled what a killed pass sent"
    );
    writing.settle(intent.id, state, &outcome)?;
    Ok(Settled::All)
}

/// Whether the chain holds what this row was about to write.
fn is_on_chain(row: &WeightsRow, view: &View) -> bool {
    let hash = row.commit_hash.as_deref();
    let written = &view.written;
    // nothing but a write of ours moves the block of the last one
    let is_in_force = written
        .last_update
        .is_some_and(|block| block > row.decided_block)
        && judge::matches(&row.entries, &written.weights);
    match row.way {
        Way::Set => is_in_force,
        Way::Hash => reveal::held(view, row).is_some(),
        // what the chain has opened it no longer keeps
        Way::Timelock => {
            is_in_force
                || written
                    .timelocked
                    .iter()
                    .any(|c| Some(c.ciphertext_hash.to_string().as_str()) == hash)
        }
    }
}
