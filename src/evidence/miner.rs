//! A miner: who it is on chain, and its weights and batches, newest first.

use serde_json::Value;

use super::cell::{address, second, second_of};
use super::{Evidence, EvidenceError, Table};
use crate::store::{Filter, MinerBatch, MinerWeight, Store, StoreError};

/// What the filter's miner has done and got, by time.
pub fn miner(store: &Store, hotkey: &str, filter: &Filter) -> Result<Evidence, EvidenceError> {
    if !store.knows_miner(hotkey)? {
        return Err(EvidenceError::UnknownMiner(hotkey.to_owned()));
    }
    let filter = Filter {
        miner: Some(hotkey.to_owned()),
        ..filter.clone()
    };
    let tables = vec![
        weights(store.weights_of_miner(&filter)?),
        batches(store.batches_of_miner(&filter)?),
    ];
    Ok(Evidence {
        facts: facts(store, hotkey)?,
        tables,
    })
}

fn facts(store: &Store, hotkey: &str) -> Result<Vec<(&'static str, Value)>, StoreError> {
    let neuron = store.neuron(hotkey)?;
    let seen = store.neurons_seen()?;
    let axon = neuron.as_ref().and_then(|neuron| neuron.axon.as_ref());
    Ok(vec![
        ("hotkey", hotkey.into()),
        ("uid", neuron.as_ref().map(|neuron| neuron.uid).into()),
        ("address", axon.map_or(Value::Null, address)),
        ("seen_block", seen.map(|seen| seen.block).into()),
        ("seen_at", second_of(seen.map(|seen| seen.at))),
        ("blocked", store.block_of(hotkey)?.into()),
    ])
}

fn weights(rows: Vec<MinerWeight>) -> Table {
    let columns = &[
        "weights",
        "state",
        "decided_at",
        "uid",
        "weight",
        "score",
        "reason",
    ];
    Table::new("weights", columns, rows, |one| {
        vec![
            one.weights.number().into(),
            one.state.into(),
            second(one.decided_at),
            one.uid.into(),
            one.value.into(),
            one.score.into(),
            one.reason.into(),
        ]
    })
}

fn batches(rows: Vec<MinerBatch>) -> Table {
    let columns = &[
        "batch",
        "started_at",
        "claimed",
        "jobs",
        "succeeded",
        "score",
        "multiplier",
        "weights",
        "comment",
    ];
    Table::new("batches", columns, rows, |one| {
        vec![
            one.batch.number().into(),
            second_of(one.started_at),
            one.claimed.into(),
            one.miner.jobs.into(),
            one.miner.succeeded.into(),
            one.miner.score.into(),
            one.miner.multiplier.into(),
            one.weights.map(|id| id.number()).into(),
            one.miner.comment.into(),
        ]
    })
}
