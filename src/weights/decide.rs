//! From scores of hotkeys to one weight per uid, with the reason for each. Pure.

use std::collections::BTreeMap;

use crate::chain::{Metagraph, Subnet};
use crate::scoring::{Processing, ScoringError, normalise_for_committing, to_u16};
use crate::store::{Entry, Way};

/// The weights of one batch, and how each came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// In the order of uids; empty when nobody has a score.
    pub entries: Vec<Entry>,
    pub lines: Vec<Line>,
}

/// One hotkey's way from score to weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub hotkey: String,
    pub uid: Option<u16>,
    pub score: f64,
    pub weight: u16,
    pub standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Counts,
    /// Scored, but no longer on the subnet.
    Left,
    /// Registered after the batch began, so the score is not its own.
    Newcomer,
}

impl Standing {
    pub fn reason(self) -> &'static str {
        match self {
            Self::Counts => "its share of the scores",
            Self::Left => "no longer on the subnet",
            Self::Newcomer => "registered after the batch began",
        }
    }
}

/// `began_at` is the block at which the batch began; `max_weight` is `DYNAMIC_MAX_WEIGHT`.
///
/// # Errors
/// Scores that are not finite numbers.
pub fn decide(
    scores: &BTreeMap<String, f64>,
    metagraph: &Metagraph,
    subnet: &Subnet,
    began_at: Option<u64>,
    way: Way,
    max_weight: u16,
) -> Result<Decision, ScoringError> {
    let mut lines = standings(scores, metagraph, began_at);
    let counted: BTreeMap<u16, f64> = lines
        .iter()
        .filter(|line| line.standing == Standing::Counts)
        .filter_map(|line| Some((line.uid?, line.score)))
        .collect();
    if counted.values().all(|score| *score <= 0.0) {
        return Ok(Decision {
            entries: Vec::new(),
            lines,
        });
    }
    // single precision from here on, as every validator of the subnet computes it
    let per_uid: Vec<(u16, f32)> = metagraph
        .neurons
        .iter()
        .map(|neuron| {
            (
                neuron.uid,
                counted.get(&neuron.uid).copied().unwrap_or(0.0) as f32,
            )
        })
        .collect();
    let processing = Processing {
        min_allowed_weights: subnet.min_allowed_weights,
        max_weight_limit: subnet.max_weight_limit,
        exclude_quantile: 0,
    };
    let weights = processing.weights(&per_uid)?;
    let values = quantised(&weights, way, max_weight)?;
    let entries: Vec<Entry> = values
        .into_iter()
        .filter_map(|(uid, value)| {
            metagraph.by_uid(uid).map(|neuron| Entry {
                uid,
                value,
                hotkey: neuron.hotkey,
            })
        })
        .collect();
    for line in &mut lines {
        let entry = entries.iter().find(|entry| Some(entry.uid) == line.uid);
        line.weight = entry.map_or(0, |entry| entry.value);
    }
    Ok(Decision { entries, lines })
}

fn quantised(
    weights: &[(u16, f64)],
    way: Way,
    max_weight: u16,
) -> Result<Vec<(u16, u16)>, ScoringError> {
    match way {
        Way::Set => {
            let single: Vec<(u16, f32)> = weights
                .iter()
                .map(|(uid, weight)| (*uid, *weight as f32))
                .collect();
            to_u16(&single)
        }
        Way::Hash | Way::Timelock => {
            let (uids, weights): (Vec<u16>, Vec<f64>) = weights.iter().copied().unzip();
            Ok(uids
                .into_iter()
                .zip(normalise_for_committing(&weights, max_weight)?)
                .collect())
        }
    }
}

fn standings(
    scores: &BTreeMap<String, f64>,
    metagraph: &Metagraph,
    began_at: Option<u64>,
) -> Vec<Line> {
    let neurons: BTreeMap<String, (u16, u64)> = metagraph
        .neurons
        .iter()
        .map(|neuron| {
            (
                neuron.hotkey.to_string(),
                (neuron.uid, neuron.registered_at),
            )
        })
        .collect();
    let line = |(hotkey, score): (&String, &f64)| {
        let neuron = neurons.get(hotkey);
        let standing = match neuron {
            None => Standing::Left,
            Some((_, at)) if began_at.is_some_and(|began| *at > began) => Standing::Newcomer,
            Some(_) => Standing::Counts,
        };
        let uid = neuron.map(|(uid, _)| *uid);
        Line {
            hotkey: hotkey.clone(),
            uid,
            score: *score,
            weight: 0,
            standing,
        }
    };
    scores.iter().map(line).collect()
}
