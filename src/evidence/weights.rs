//! Weights: what was written on chain and when, and what each miner's weight was made of.

use serde_json::{Value, json};

use super::cell::second;
use super::{Evidence, EvidenceError, Table, job, share};
use crate::store::{BatchId, Filter, Store, StoreError, WeightsRow, WeightsState};

/// Weights by the time they were decided, and by state.
pub fn all_weights(store: &Store, filter: &Filter) -> Result<Evidence, EvidenceError> {
    let rows = store.find_weights(filter)?;
    let rows = rows.iter().map(|weights| line(store, weights));
    Ok(Evidence::list(Table {
        name: "weights",
        columns: &[
            "weights",
            "state",
            "way",
            "decided_at",
            "decided_block",
            "placed_block",
            "final_block",
            "uids",
            "batch",
            "note",
        ],
        rows: rows.collect::<Result<_, _>>()?,
    }))
}

fn line(store: &Store, weights: &WeightsRow) -> Result<Vec<Value>, StoreError> {
    let batch = store.batch_of_weights(weights.id)?;
    Ok(vec![
        weights.id.number().into(),
        weights.state.name().into(),
        weights.way.name().into(),
        second(weights.created_at),
        weights.decided_block.into(),
        weights.placed_block.into(),
        weights.final_block.into(),
        weights.entries.len().into(),
        batch.map(BatchId::number).into(),
        weights.note.clone().into(),
    ])
}

/// One row of weights by its number; with a miner: of this one alone, what each class adds to its
/// score, and its jobs.
pub fn weights(store: &Store, number: i64, miner: Option<&str>) -> Result<Evidence, EvidenceError> {
    let found = store.weights_of_number(number)?;
    let weights = found.ok_or_else(|| EvidenceError::unknown("weights", number, "weights"))?;
    let basis = store.basis_of_weights(weights.id)?;
    let batch = store.batch_of_weights(weights.id)?;
    let mut facts = facts(&weights, batch);
    facts.push(("max_weight", basis["max_weight"].clone()));
    let mut lines = lines(&weights, &basis);
    let mut tables = Vec::new();
    if let Some(hotkey) = miner {
        lines.retain(|line| line[0] == hotkey);
        if lines.is_empty() {
            return Err(EvidenceError::NoPart {
                miner: hotkey.to_owned(),
                what: "weights",
                name: number.to_string(),
            });
        }
        if let Some(batch) = batch {
            tables.push(share::table(store, batch, &basis, hotkey)?);
            let mut jobs = store.jobs_of_batch(batch)?;
            jobs.retain(|job| job.hotkey == hotkey);
            tables.push(job::table(&jobs));
        }
    }
    let columns = &["hotkey", "uid", "weight", "percent", "score", "reason"];
    let miners = Table::new("miners", columns, lines, |line| line);
    tables.insert(0, miners);
    tables.push(share::classes(&basis));
    Ok(Evidence { facts, tables })
}

fn facts(weights: &WeightsRow, batch: Option<BatchId>) -> Vec<(&'static str, Value)> {
    // who knows it before the reveal can copy the weights
    let salt = match weights.state {
        WeightsState::Decided | WeightsState::Placed => Value::Null,
        WeightsState::Final | WeightsState::GivenUp => json!(weights.salt),
    };
    vec![
        ("weights", weights.id.number().into()),
        ("state", weights.state.name().into()),
        ("note", weights.note.clone().into()),
        ("way", weights.way.name().into()),
        ("batch", batch.map(BatchId::number).into()),
        ("decided_at", second(weights.created_at)),
        ("decided_block", weights.decided_block.into()),
        ("window_stop", weights.window_stop.into()),
        ("placed_block", weights.placed_block.into()),
        ("reveal_from", weights.reveal_from.into()),
        ("reveal_until", weights.reveal_until.into()),
        ("reveal_round", weights.reveal_round.into()),
        ("final_block", weights.final_block.into()),
        ("version_key", weights.version_key.into()),
        ("commit_hash", weights.commit_hash.clone().into()),
        ("salt", salt),
    ]
}

/// Every miner that has a weight or a score: the largest weight first.
fn lines(weights: &WeightsRow, basis: &Value) -> Vec<Vec<Value>> {
    let total: f64 = weights.entries.iter().map(|one| f64::from(one.value)).sum();
    let percent = |value: u16| (f64::from(value) / total * 1e4).round() / 1e2;
    let kept: Vec<&Value> = basis["miners"].as_array().into_iter().flatten().collect();
    let of = |hotkey: &str| kept.iter().find(|one| one["hotkey"] == hotkey).copied();
    let mut weighted: Vec<_> = weights.entries.iter().collect();
    weighted.sort_by_key(|entry| std::cmp::Reverse(entry.value));
    let mut lines = Vec::new();
    for entry in weighted {
        let hotkey = entry.hotkey.to_string();
        let basis = of(&hotkey);
        if entry.value == 0 && basis.is_none() {
            continue;
        }
        let basis = basis.unwrap_or(&Value::Null);
        lines.push(vec![
            hotkey.into(),
            entry.uid.into(),
            entry.value.into(),
            percent(entry.value).into(),
            basis["score"].clone(),
            basis["reason"].clone(),
        ]);
    }
    let without = |one: &&&Value| !lines.iter().any(|line| line[0] == one["hotkey"]);
    let rest: Vec<Vec<Value>> = kept
        .iter()
        .filter(without)
        .map(|one| {
            let (hotkey, uid) = (one["hotkey"].clone(), one["uid"].clone());
            let (score, reason) = (one["score"].clone(), one["reason"].clone());
            vec![hotkey, uid, 0.into(), 0.into(), score, reason]
        })
        .collect();
    lines.extend(rest);
    lines
}
