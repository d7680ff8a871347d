//! Weights of miners over time, as shares of their sum, and the newest ones. Weights that were
//! given up never counted on the chain and are only counted here.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::newest::Newest;
use super::thin::{POINTS, thin};
use crate::keys::Hotkey;
use crate::report::Span;
use crate::store::{Entry, Store, StoreError, WeightsRow, WeightsState};

/// Miners that can be told apart by colour and dash.
const LINES: usize = 12;
/// Miners in the table.
const ROWS: usize = 50;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Weights {
    /// State -> weights.
    pub(in crate::report) states: BTreeMap<&'static str, u64>,
    /// When the weights that are drawn were decided, oldest first.
    pub(in crate::report) times: Vec<DateTime<Utc>>,
    /// Of the miners with the highest last weights, highest first.
    pub(in crate::report) lines: Vec<Line>,
    /// All other miners; `None`: there is none.
    pub(in crate::report) others: Option<Others>,
    /// `None`: there are none in this span.
    pub(in crate::report) newest: Option<NewestWeights>,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Line {
    pub(in crate::report) hotkey: Hotkey,
    /// 0 to 1, one for each of the times.
    pub(in crate::report) shares: Vec<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Others {
    /// How many had a weight at any of the times.
    pub(in crate::report) miners: usize,
    /// Their sum, one for each of the times.
    pub(in crate::report) shares: Vec<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct NewestWeights {
    pub(in crate::report) id: i64,
    pub(in crate::report) way: &'static str,
    pub(in crate::report) state: &'static str,
    pub(in crate::report) decided_at: DateTime<Utc>,
    pub(in crate::report) decided_block: u64,
    /// Highest first.
    pub(in crate::report) miners: Newest<MinerWeight>,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct MinerWeight {
    pub(in crate::report) uid: u16,
    pub(in crate::report) hotkey: Hotkey,
    /// 0 to 65535.
    pub(in crate::report) weight: u16,
    /// Of the sum of all weights, 0 to 1.
    pub(in crate::report) share: f64,
}

/// The share of each miner at one time.
type Shares = HashMap<Hotkey, f64>;

pub(super) fn read(store: &Store, span: Span) -> Result<Weights, StoreError> {
    let mut marks = store.mark_weights(&span.filter())?;
    let mut states = BTreeMap::new();
    for mark in &marks {
        *states.entry(mark.state.name()).or_default() += 1;
    }
    marks.retain(|mark| mark.state != WeightsState::GivenUp);
    marks.reverse();
    let mut drawn = Vec::new();
    let mut newest = None;
    for index in thin(marks.len(), POINTS) {
        if let Some(row) = store.weights(marks[index].id)? {
            drawn.push((row.created_at, shares(&row.entries)));
            newest = Some(row);
        }
    }
    let (lines, others) = lines(&drawn);
    Ok(Weights {
        states,
        times: drawn.iter().map(|(at, _)| *at).collect(),
        lines,
        others,
        newest: newest.map(|row| newest_weights(&row)),
    })
}

fn shares(entries: &[Entry]) -> Shares {
    let sum: f64 = entries.iter().map(|entry| f64::from(entry.value)).sum();
    let share = |entry: &Entry| match sum > 0.0 {
        true => f64::from(entry.value) / sum,
        false => 0.0,
    };
    let mut shares = Shares::new();
    for entry in entries {
        // a hotkey has one uid at a time
        *shares.entry(entry.hotkey).or_default() += share(entry);
    }
    shares
}

fn lines(drawn: &[(DateTime<Utc>, Shares)]) -> (Vec<Line>, Option<Others>) {
    let Some((_, last)) = drawn.last() else {
        return (Vec::new(), None);
    };
    let mut order: Vec<(Hotkey, f64)> = last
        .iter()
        .filter(|(_, share)| **share > 0.0)
        .map(|(hotkey, share)| (*hotkey, *share))
        .collect();
    order.sort_by(|(a, share), (b, other)| other.total_cmp(share).then_with(|| a.cmp(b)));
    order.truncate(LINES);
    let at_all_times = |hotkey: &Hotkey| {
        let share = |(_, shares): &(_, Shares)| shares.get(hotkey).copied().unwrap_or(0.0);
        drawn.iter().map(share).collect::<Vec<_>>()
    };
    let lines: Vec<Line> = order
        .iter()
        .map(|(hotkey, _)| Line {
            hotkey: *hotkey,
            shares: at_all_times(hotkey),
        })
        .collect();
    let shown: HashSet<Hotkey> = order.iter().map(|(hotkey, _)| *hotkey).collect();
    let is_other =
        |(hotkey, share): &(&Hotkey, &f64)| **share > 0.0 && !shown.contains::<Hotkey>(hotkey);
    let others: HashSet<&Hotkey> = drawn
        .iter()
        .flat_map(|(_, shares)| shares.iter().filter(is_other))
        .map(|(hotkey, _)| hotkey)
        .collect();
    let sum = |(_, shares): &(_, Shares)| {
        let others = shares.iter().filter(is_other);
        others.map(|(_, share)| share).sum()
    };
    let others = (!others.is_empty()).then(|| Others {
        miners: others.len(),
        shares: drawn.iter().map(sum).collect(),
    });
    (lines, others)
}

fn newest_weights(row: &WeightsRow) -> NewestWeights {
    let shares = shares(&row.entries);
    let mut miners: Vec<MinerWeight> = row
        .entries
        .iter()
        .map(|entry| MinerWeight {
            uid: entry.uid,
            hotkey: entry.hotkey,
            weight: entry.value,
            share: shares.get(&entry.hotkey).copied().unwrap_or(0.0),
        })
        .collect();
    miners.sort_by_key(|miner| (std::cmp::Reverse(miner.weight), miner.uid));
    NewestWeights {
        id: row.id.number(),
        way: row.way.name(),
        state: row.state.name(),
        decided_at: row.created_at,
        decided_block: row.decided_block,
        miners: Newest::cut(miners.into_iter(), ROWS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64, weights: &[(u8, u16)]) -> (DateTime<Utc>, Shares) {
        let entry = |(miner, value): &(u8, u16)| Entry {
            uid: (*miner).into(),
            value: *value,
            hotkey: Hotkey::new([*miner; 32]),
        };
        let entries: Vec<_> = weights.iter().map(entry).collect();
        let at = DateTime::from_timestamp(second, 0).expect("a time");
        (at, shares(&entries))
    }

    #[test]
    fn the_highest_last_weights_get_lines_and_the_rest_is_summed() {
        // before, all weight was of a miner that is gone
        let before = at(0, &[(99, 7)]);
        let weights: Vec<(u8, u16)> = (1..=14).map(|miner| (miner, u16::from(miner))).collect();
        let (lines, others) = lines(&[before, at(1, &weights)]);
        let hotkeys: Vec<u8> = lines.iter().map(|line| line.hotkey.public()[0]).collect();
        assert_eq!(hotkeys, (3..=14).rev().collect::<Vec<_>>());
        assert_eq!(lines[0].shares, [0.0, 14.0 / 105.0]);
        let others = others.expect("three");
        assert_eq!(others.miners, 3);
        assert_eq!(others.shares[0], 1.0);
        assert!((others.shares[1] - 3.0 / 105.0).abs() < 1e-12);
    }

    #[test]
    fn weights_of_zero_are_no_share_of_nothing() {
        let (found, others) = lines(&[at(0, &[(1, 0)])]);
        assert_eq!((found.len(), others), (0, None));
        assert_eq!(lines(&[]), (Vec::new(), None));
    }
}
