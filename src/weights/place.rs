//! New weights: chosen from the newest batch, stored with their salt, then set or committed while
//! the window is open. Uids are looked up again before every sending.

use chrono::TimeDelta;
use rand::Rng;
use serde_json::json;
use tracing::{info, warn};

use super::attempt::{Act, Attempt};
use super::candidate::{Candidate, Completeness, choose};
use super::decide::{Decision, decide};
use super::pass::{Patience, View, Writing};
use super::{WeightsError, reveal, seal, way_for};
use crate::chain::{Call, RevealUnit, Until};
use crate::pass::{Failure, Outcome};
use crate::scoring::{self, Commitment, HordeScore, JobScore, ScoringError};
use crate::store::{
    BatchId, BatchRow, IntentState, NewWeights, Way, WeightsId, WeightsRow, WeightsState,
};
use crate::wire::event::EventSubtype;

/// Names the release of the rules to the chain; other validators send the same.
const VERSION_KEY: u64 = 2;
/// Batches that are older make no weights.
const OLDEST_BATCH: TimeDelta = TimeDelta::days(1);
const ATTEMPTS: u32 = 100;
const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);
const BACKOFF: std::time::Duration = std::time::Duration::from_secs(5);

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
    if let Some(reason) = not_yet(writing, &view, draft.new.way) {
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
    send(writing, id).await
}

/// Shows what `advance` would decide now, without storing or sending anything.
pub(super) async fn preview(writing: &mut Writing<'_>, view: &View) -> Result<Outcome, Failure> {
    let Some((batch, older)) = due_batch(writing, view)? else {
        return Ok(Outcome::idle("no finished batch waits for weights"));
    };
    let draft = draft(writing, view, &batch).await?;
    let lines: Vec<_> = draft
        .decision
        .lines
        .iter()
        .map(|line| {
            json!({
                "hotkey": line.hotkey,
                "uid": line.uid,
                "score": line.score,
                "weight": line.weight,
                "reason": line.standing.reason(),
            })
        })
        .collect();
    let mut report = vec![format!(
        "{:<48}  {:>4}  {:>10}  {:>6}  why",
        "hotkey", "uid", "score", "weight"
    )];
    report.extend(draft.decision.lines.iter().map(|line| {
        let uid = line
            .uid
            .map_or_else(|| "-".to_owned(), |uid| uid.to_string());
        let reason = line.standing.reason();
        format!(
            "{:<48}  {uid:>4}  {:>10.6}  {:>6}  {reason}",
            line.hotkey, line.score, line.weight
        )
    }));
    let summary = match not_yet(writing, view, draft.new.way) {
        Some(reason) => format!("batch {}: {reason}; nothing was sent", batch.id.number()),
        None => format!(
            "batch {} would be written ({}), {} uids; nothing was sent",
            batch.id.number(),
            draft.new.way.name(),
            draft.new.entries.len()
        ),
    };
    let details = json!({
        "dry_run": true,
        "batch": batch.id.number(),
        "superseded": older.iter().map(|id| id.number()).collect::<Vec<_>>(),
        "way": draft.new.way.name(),
        "weights": lines,
    });
    Ok(Outcome::done(summary)
        .with_details(details)
        .with_report(report))
}

fn due_batch(
    writing: &Writing<'_>,
    view: &View,
) -> Result<Option<(BatchRow, Vec<BatchId>)>, Failure> {
    let store = &writing.pass.store;
    let head = i64::try_from(view.head.block()).unwrap_or(i64::MAX);
    let batches = store.unscored_batches(writing.pass.now() - OLDEST_BATCH, head)?;
    let mut candidates = Vec::with_capacity(batches.len());
    for batch in &batches {
        let (answered, answered_before) = store.answering_miners(batch.id)?;
        candidates.push(Candidate {
            id: batch.id,
            answered,
            answered_before,
        });
    }
    let Some((chosen, older)) = choose(&candidates) else {
        return Ok(None);
    };
    if let Completeness::Incomplete { answered, before } = chosen.completeness()
        && !writing.options.accept_incomplete
    {
        let batch = chosen.id.number();
        return Err(WeightsError::Incomplete {
            batch,
            answered,
            before,
        }
        .into());
    }
    let batch = batches.into_iter().find(|batch| batch.id == chosen.id);
    Ok(batch.map(|batch| (batch, older)))
}

struct Draft {
    new: NewWeights,
    decision: Decision,
}

async fn draft(writing: &Writing<'_>, view: &View, batch: &BatchRow) -> Result<Draft, Failure> {
    let params = &writing.pass.params;
    let capabilities = view.head.capabilities();
    let choice = way_for(
        &capabilities,
        &view.subnet,
        params.is_commit_reveal_enabled(),
    );
    if let Some(remark) = choice.remark {
        warn!(way = choice.way.name(), "{remark}");
    }
    let metagraph = view.head.metagraph(view.subnet.netuid).await?;
    let unusable = |cause: ScoringError| WeightsError::Scores {
        batch: batch.id.number(),
        cause,
    };
    let scores = scores(writing, batch.id)?.map_err(unusable)?;
    let began_at = batch
        .started_block
        .and_then(|block| u64::try_from(block).ok());
    let max = params.max_weight();
    let decision =
        decide(&scores, &metagraph, &view.subnet, began_at, choice.way, max).map_err(unusable)?;
    let salt: Vec<u16> = match choice.way {
        Way::Hash => rand::rng()
            .random::<[u8; 8]>()
            .into_iter()
            .map(u16::from)
            .collect(),
        Way::Set | Way::Timelock => Vec::new(),
    };
    let uids: Vec<u16> = decision.entries.iter().map(|entry| entry.uid).collect();
    let values: Vec<u16> = decision.entries.iter().map(|entry| entry.value).collect();
    let account = writing.signer.hotkey();
    let commitment = Commitment {
        account: account.public(),
        netuid: view.subnet.netuid,
        uids: &uids,
        values: &values,
        salt: capabilities.salted_reveals.then_some(&salt),
        version_key: VERSION_KEY,
    };
    let commit_hash =
        (choice.way == Way::Hash).then(|| crate::chain::Hash::new(commitment.hash()).to_string());
    let new = NewWeights {
        way: choice.way,
        netuid: view.subnet.netuid,
        version_key: VERSION_KEY,
        entries: decision.entries.clone(),
        salt,
        commit_hash,
        decided_block: view.head.block(),
        window_stop: window_stop(writing, view, choice.way, batch),
    };
    Ok(Draft { new, decision })
}

/// The first block at which placing this batch is given up.
fn window_stop(writing: &Writing<'_>, view: &View, way: Way, batch: &BatchRow) -> u64 {
    let stop = match way {
        // one cycle later there is a newer batch
        Way::Set => 2 * batch.plan.cycle_stop - batch.plan.cycle_start,
        Way::Hash | Way::Timelock => commit_window(writing, view).end,
    };
    u64::try_from(stop).unwrap_or(0)
}

fn commit_window(writing: &Writing<'_>, view: &View) -> std::ops::Range<i64> {
    let next = i64::try_from(view.next_block()).unwrap_or(i64::MAX);
    writing.pass.params.commit_windows().at(next).commit
}

/// Why nothing may be placed in the next block, if so.
fn not_yet(writing: &Writing<'_>, view: &View, way: Way) -> Option<String> {
    let next = view.next_block();
    if way != Way::Set {
        let window = commit_window(writing, view);
        let next = i64::try_from(next).unwrap_or(i64::MAX);
        if next < window.start {
            return Some(format!(
                "the commit window opens at block {} (now at {})",
                window.start,
                next - 1
            ));
        }
        if next >= window.end {
            return Some(format!(
                "the commit window closed at block {} (now at {})",
                window.end,
                next - 1
            ));
        }
    }
    rate_limited(view, way, next)
}

/// Commits of the first generation are limited by their intervals only.
fn rate_limited(view: &View, way: Way, next: u64) -> Option<String> {
    let counts = match way {
        Way::Set | Way::Timelock => true,
        Way::Hash => view.head.capabilities().hash_commits == Some(RevealUnit::Epochs),
    };
    let last = view
        .written
        .last_update
        .filter(|block| counts && *block > 0)?;
    let from = last.saturating_add(view.subnet.weights_rate_limit);
    (next < from).then(|| {
        format!(
            "the subnet's rate limit allows the next write at block {from} (now at {})",
            next - 1
        )
    })
}

/// The score of every hotkey in a batch.
fn scores(
    writing: &Writing<'_>,
    batch: BatchId,
) -> Result<Result<std::collections::BTreeMap<String, f64>, ScoringError>, Failure> {
    let settings = writing.pass.environment.horde_score();
    let horde = HordeScore::new(
        settings.avg_param,
        settings.size_param,
        settings.central_size_param,
    );
    let jobs = writing.pass.store.job_scores(batch)?;
    let jobs = jobs.iter().filter_map(|(hotkey, class, score)| {
        Some(JobScore {
            hotkey,
            class: class.parse().ok()?,
            score: *score,
        })
    });
    let weights = writing.pass.params.class_weights();
    Ok(horde.and_then(|horde| scoring::batch_scores(jobs, &weights, &horde)))
}

fn nobody(
    writing: &mut Writing<'_>,
    batch: &BatchRow,
    older: &[BatchId],
) -> Result<Option<String>, Failure> {
    let text = format!(
        "nobody on the subnet has a score in batch {}",
        batch.id.number()
    );
    let event = crate::wire::event::Event::new(
        crate::wire::event::EventType::WeightSettingFailure,
        EventSubtype::GenericError,
        writing.pass.now(),
        &text,
    );
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
        if let Some(reason) = rate_limited(&view, row.way, view.next_block()) {
            return Ok(Some(reason));
        }
        let (act, call) = match row.way {
            Way::Set => (Act::Set, Call::SetWeights(reveal::vector(&row))),
            Way::Hash => (Act::Commit, hash_commit(&row)?),
            Way::Timelock => match seal::sealed(writing, &view, &row).await? {
                seal::Sealed::Call(call) => (Act::Commit, call),
                seal::Sealed::Wait(reason) => return Ok(Some(reason)),
            },
        };
        let attempt = writing
            .attempt(id, act, &call, Until::Included, LIMIT)
            .await?;
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
                if refusal.remedy != crate::chain::Remedy::Reread {
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

/// The row as it is to be sent now: with the uids of this block, in the way of this runtime.
async fn refreshed(
    writing: &mut Writing<'_>,
    view: &View,
    id: WeightsId,
) -> Result<Option<WeightsRow>, Failure> {
    let store = &writing.pass.store;
    let Some(row) = store.weights(id)? else {
        return Ok(None);
    };
    let batch = store
        .batch_of_weights(id)?
        .map(|batch| store.batch(batch))
        .transpose()?
        .flatten();
    let Some(batch) = batch else {
        return Ok(Some(row));
    };
    let draft = draft(writing, view, &batch).await?;
    if draft.new.entries == row.entries && draft.new.way == row.way {
        return Ok(Some(row));
    }
    if draft.new.entries.is_empty() {
        return Ok(Some(row));
    }
    warn!(
        weights = id.number(),
        "uids or the way of committing changed: deciding anew"
    );
    let now = writing.pass.now();
    let store = &mut writing.pass.store;
    store.redecide_weights(id, &draft.new, now)?;
    Ok(store.weights(id)?)
}

fn hash_commit(row: &WeightsRow) -> Result<Call, Failure> {
    let hash = row
        .commit_hash
        .as_deref()
        .and_then(|text| text.parse().ok());
    let hash = hash.ok_or_else(|| crate::store::StoreError::Row {
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
    let held = view
        .written
        .commits
        .iter()
        .find(|commit| Some(commit.hash.to_string()) == row.commit_hash);
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
