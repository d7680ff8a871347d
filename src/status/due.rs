//! What comes next, at which block, and when about that will be. What is overdue is said by
//! problems.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::store::{BatchRow, BatchState, ChainSeen, WeightsRow, WeightsState};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// A batch.
    Run,
    /// Set or commit weights, before that block.
    Place,
    /// From that block on.
    Reveal,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Due {
    pub what: Act,
    pub block: u64,
    /// By the chain's own pace; `None`: it was not seen yet.
    pub at: Option<DateTime<Utc>>,
}

impl Due {
    pub(super) fn of_batch(batch: &BatchRow, chain: Option<&ChainSeen>) -> Option<Self> {
        let is_planned = batch.state == BatchState::Planned;
        let block = u64::try_from(batch.plan.block).ok()?;
        is_planned.then(|| Self::new(Act::Run, block, chain))
    }

    pub(super) fn of_weights(weights: &WeightsRow, chain: Option<&ChainSeen>) -> Option<Self> {
        match weights.state {
            WeightsState::Decided => Some(Self::new(Act::Place, weights.window_stop, chain)),
            WeightsState::Placed => {
                let from = weights.reveal_from?;
                Some(Self::new(Act::Reveal, from, chain))
            }
            WeightsState::Final | WeightsState::GivenUp => None,
        }
    }

    fn new(what: Act, block: u64, chain: Option<&ChainSeen>) -> Self {
        let at = chain.and_then(|chain| time_of(block, chain));
        Self { what, block, at }
    }
}

fn time_of(block: u64, chain: &ChainSeen) -> Option<DateTime<Utc>> {
    let blocks = i64::try_from(block).ok()? - i64::try_from(chain.block).ok()?;
    let milliseconds = blocks.checked_mul(i64::from(chain.block_time_ms))?;
    let wait = TimeDelta::try_milliseconds(milliseconds)?;
    chain.at.checked_add_signed(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_comes_at_the_pace_of_the_chain() {
        let at = DateTime::from_timestamp(1_000, 0).expect("a time");
        let chain = ChainSeen {
            at,
            block: 100,
            tempo: 360,
            last_update: None,
            hotkey: None,
            block_time_ms: 12_000,
        };
        assert_eq!(time_of(110, &chain), Some(at + TimeDelta::minutes(2)));
        assert_eq!(time_of(95, &chain), Some(at - TimeDelta::minutes(1)));
        assert_eq!(time_of(u64::MAX, &chain), None);
        assert_eq!(time_of(i64::MAX as u64, &chain), None);
    }
}
