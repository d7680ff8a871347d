//! The table at the end of a demo: each miner, its jobs, its score, its weight, and why.

use std::collections::BTreeMap;

use horde_validator::devnet::Subnet;
use horde_validator::pass::Failure;
use horde_validator::store::{MinerEvidence, Store, WeightsRow};
use serde_json::json;

use crate::output;

/// What is left of 80 columns; `--json` has the whole text.
const WHY: usize = 31;

/// One line of the table.
struct Line {
    uid: u16,
    name: &'static str,
    evidence: Option<MinerEvidence>,
    /// As decided, and as the chain holds it.
    weight: u16,
    on_chain: u16,
}

pub(crate) fn show(
    subnet: &Subnet,
    store: &Store,
    weights: &WeightsRow,
    json: bool,
) -> Result<(), Failure> {
    let lines = lines(subnet, store, weights)?;
    if json {
        let miners: Vec<_> = lines.iter().map(document).collect();
        output::document(&json!({
            "outcome": "done",
            "weights": weights.id.number(),
            "way": weights.way.name(),
            "miners": miners,
        }));
    } else {
        output::line("");
        output::line(format_args!(
            "{:>3}  {:<22} {:>5} {:>6} {:>6}  why",
            "uid", "miner", "jobs", "score", "weight"
        ));
        lines.iter().for_each(|line| output::line(text(line)));
    }
    match lines
        .iter()
        .find(|line| line.weight.abs_diff(line.on_chain) > 1)
    {
        None => Ok(()),
        Some(line) => Err(Failure::Demo {
            finding: format!(
                "uid {} should have weight {} and has {} on chain",
                line.uid, line.weight, line.on_chain
            ),
        }),
    }
}

fn lines(subnet: &Subnet, store: &Store, weights: &WeightsRow) -> Result<Vec<Line>, Failure> {
    let batch = store.batch_of_weights(weights.id)?;
    let mut evidence: BTreeMap<String, MinerEvidence> = match batch {
        Some(batch) => store.evidence(batch)?,
        None => Vec::new(),
    }
    .into_iter()
    .map(|one| (one.hotkey.clone(), one))
    .collect();
    let on_chain: BTreeMap<u16, u16> = subnet.weights().into_iter().collect();
    let decided: BTreeMap<u16, u16> = weights
        .entries
        .iter()
        .map(|entry| (entry.uid, entry.value))
        .collect();
    let line = |one: &horde_validator::devnet::Inhabitant| Line {
        uid: one.uid,
        name: one.character.name,
        evidence: evidence.remove(&one.miner.hotkey().to_string()),
        weight: decided.get(&one.uid).copied().unwrap_or(0),
        on_chain: on_chain.get(&one.uid).copied().unwrap_or(0),
    };
    Ok(subnet.inhabitants.iter().map(line).collect())
}

fn why(line: &Line) -> String {
    match &line.evidence {
        None => "was not asked".to_owned(),
        Some(evidence) if !evidence.comment.is_empty() => evidence.comment.clone(),
        Some(evidence) => match evidence.multiplier {
            Some(multiplier) => format!("right; new horde size, x {multiplier}"),
            None => "right and in time".to_owned(),
        },
    }
}

fn text(line: &Line) -> String {
    let (ok, jobs, score) = line
        .evidence
        .as_ref()
        .map_or((0, 0, 0.0), |e| (e.succeeded, e.jobs, e.score));
    // what a miner says may be in a comment: one short line of plain characters is enough
    let why: String = why(line)
        .chars()
        .filter(|c| !c.is_control())
        .take(WHY)
        .collect();
    format!(
        "{:>3}  {:<22} {:>5} {score:>6.2} {:>6}  {why}",
        line.uid,
        line.name,
        format!("{ok}/{jobs}"),
        line.on_chain
    )
}

fn document(line: &Line) -> serde_json::Value {
    json!({
        "uid": line.uid,
        "miner": line.name,
        "jobs": line.evidence.as_ref().map_or(0, |e| e.jobs),
        "succeeded": line.evidence.as_ref().map_or(0, |e| e.succeeded),
        "score": line.evidence.as_ref().map_or(0.0, |e| e.score),
        "weight": line.weight,
        "weight_on_chain": line.on_chain,
        "why": why(line),
    })
}
