//! From a finished batch to weights that can be stored: which batch, its scores, and one value for
//! each uid of the newest block, with a salt where the way needs one.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use rand::Rng;
use serde_json::{Value, json};
use tracing::warn;

use super::candidate::{Candidate, Completeness, choose};
use super::decide::{Decision, Line, decide};
use super::pass::{View, Writing};
use super::window::window_stop;
use super::{WeightsError, way_for};
use crate::chain::Hash;
use crate::pass::Failure;
use crate::scoring::{self, Commitment, HordeScore, JobScore, ScoringError};
use crate::store::{BatchId, BatchRow, NewWeights, Way, WeightsId, WeightsRow};

/// Names the release of the rules to the chain; other validators send the same.
const VERSION_KEY: u64 = 2;
/// Batches that are older make no weights.
pub(super) const OLDEST_BATCH: TimeDelta = TimeDelta::days(1);

/// The batch that weights are due from, and the older ones that it supersedes.
pub(super) fn due_batch(
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

/// Weights that could be stored, and how they came about.
pub(super) struct Draft {
    pub(super) new: NewWeights,
    pub(super) decision: Decision,
}

/// The weights of a batch, for the uids and in the way of this block.
pub(super) async fn draft(
    writing: &Writing<'_>,
    view: &View,
    batch: &BatchRow,
) -> Result<Draft, Failure> {
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
    let commit_hash = (choice.way == Way::Hash).then(|| Hash::new(commitment.hash()).to_string());
    let new = NewWeights {
        way: choice.way,
        netuid: view.subnet.netuid,
        version_key: VERSION_KEY,
        entries: decision.entries.clone(),
        salt,
        commit_hash,
        decided_block: view.head.block(),
        window_stop: window_stop(writing, view, choice.way, batch),
        basis: basis(writing, &decision),
    };
    Ok(Draft { new, decision })
}

/// The row as it is to be sent now: with the uids of this block, in the way of this runtime.
pub(super) async fn refreshed(
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
    if draft.new.entries.is_empty() {
        return Err(writing.give_up(id, nobody_in(batch.id)));
    }
    if draft.new.entries == row.entries && draft.new.way == row.way {
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

pub(super) fn nobody_in(batch: BatchId) -> String {
    format!(
        "nobody on the subnet has a score in batch {}",
        batch.number()
    )
}

/// What an operator needs to tell a miner why it got its weight, also when parameters have changed.
fn basis(writing: &Writing<'_>, decision: &Decision) -> Value {
    let horde = writing.pass.environment.horde_score();
    let classes = writing.pass.params.class_weights();
    let classes: BTreeMap<_, _> = classes.iter().map(|(class, w)| (class.name(), w)).collect();
    let line = |line: &Line| {
        json!({
            "hotkey": line.hotkey,
            "uid": line.uid,
            "score": line.score,
            "weight": line.weight,
            "reason": line.standing.reason(),
        })
    };
    json!({
        "class_weights": classes,
        "max_weight": writing.pass.params.max_weight(),
        "horde_score": {
            "avg_param": horde.avg_param,
            "size_param": horde.size_param,
            "central_size_param": horde.central_size_param,
        },
        "miners": decision.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

/// The score of every hotkey in a batch.
fn scores(
    writing: &Writing<'_>,
    batch: BatchId,
) -> Result<Result<BTreeMap<String, f64>, ScoringError>, Failure> {
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
