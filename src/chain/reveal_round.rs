//! Which drand round a timelocked commit is encrypted to, so that its signature is on chain just
//! when the chain opens the commits of that epoch. Too early a round lets others read the weights
//! early, too late a round loses them. Pure; chain.md, section 9.3.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Beacon, EpochClock, TimelockForm};

/// Blocks after the epoch's first in which a signature is surely stored: the chain tries again
/// in every block of the epoch.
const BLOCKS_INTO_EPOCH: u64 = 3;

/// CRv3 commits are opened once, so their round has to be stored before that block. Nodes fetch
/// signatures within seconds; this is what clients of that time left, 24 rounds of 3 s.
const CRV3_LEAD: Duration = Duration::from_secs(72);

/// What the time of a commit depends on. All of it is read at one block, except the clock.
#[derive(Debug, Clone, Copy)]
pub struct RevealConditions<'a> {
    pub epochs: &'a EpochClock,
    pub form: TimelockForm,
    /// `RevealPeriodEpochs`.
    pub reveal_epochs: u64,
    pub beacon: &'a Beacon,
    pub block_time: Duration,
    /// The best block.
    pub head: u64,
    pub now: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevealPlan {
    pub round: u64,
    /// The epoch index under which the chain will keep the commit, if it is included before the
    /// next epoch.
    pub commit_epoch: u64,
    /// The first block in which the chain opens it.
    pub opens_at: u64,
}

impl EpochClock {
    /// The index under which a timelocked commit in `block` is kept. In the block in which the
    /// epoch runs, commits count for the index that follows.
    pub fn timelock_index(&self, block: u64) -> u64 {
        match self {
            Self::Modulo { .. } => self.index_at(block.saturating_add(1)),
            Self::Stateful { .. } => self.index_at(block),
        }
    }
}

/// The round for a commit that lands in the block after `head`; `None`: the subnet's epochs
/// never run.
pub fn reveal_plan(conditions: &RevealConditions) -> Option<RevealPlan> {
    let RevealConditions {
        epochs,
        reveal_epochs,
        head,
        ..
    } = *conditions;
    epochs.next_epoch(head)?;
    let commit_epoch = epochs.timelock_index(head.saturating_add(1));
    let reveal_epoch = commit_epoch.checked_add(reveal_epochs.max(1))?;
    let first = epochs.first_block_of(reveal_epoch)?;
    let (opens_at, target_block, lead) = match conditions.form {
        TimelockForm::Versioned => (first, first.checked_add(BLOCKS_INTO_EPOCH)?, Duration::ZERO),
        // in the block of the epoch itself, the last of the index before
        TimelockForm::Crv3 => (first.saturating_sub(1), first.saturating_sub(1), CRV3_LEAD),
    };
    let blocks_ahead = i128::from(target_block) - i128::from(head);
    let now = i128::from(conditions.now.timestamp_millis());
    let target = now + blocks_ahead * milliseconds(conditions.block_time) - milliseconds(lead);
    let beacon = conditions.beacon;
    // a round that is out already would hide nothing, and old ones are refused
    let soonest = (beacon.rounds_until(now) + 1).max(i128::from(beacon.last_stored_round) + 1);
    let round = u64::try_from(beacon.rounds_until(target).max(soonest)).ok()?;
    Some(RevealPlan {
        round,
        commit_epoch,
        opens_at,
    })
}

impl Beacon {
    /// Whole periods from genesis to a Unix time in milliseconds. Round 1 is out at genesis, so
    /// at that time the round after this one is the newest.
    fn rounds_until(&self, unix_ms: i128) -> i128 {
        let since_genesis = unix_ms - i128::from(self.genesis_time) * 1000;
        since_genesis.div_euclid(i128::from(self.period_s.max(1)) * 1000)
    }
}

fn milliseconds(duration: Duration) -> i128 {
    i128::try_from(duration.as_millis()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENESIS: u64 = 1_692_803_367;

    fn plan(epochs: &EpochClock, form: TimelockForm, reveal_epochs: u64, head: u64) -> RevealPlan {
        let beacon = Beacon {
            public_key: [0; 96],
            period_s: 3,
            genesis_time: GENESIS,
            last_stored_round: 0,
        };
        let now = i64::try_from(GENESIS + 3_000_000).expect("a date of our time");
        reveal_plan(&RevealConditions {
            epochs,
            form,
            reveal_epochs,
            beacon: &beacon,
            block_time: Duration::from_secs(12),
            head,
            now: DateTime::from_timestamp(now, 0).expect("a date of our time"),
        })
        .expect("epochs run")
    }

    #[test]
    fn the_round_is_out_three_blocks_into_the_reveal_epoch() {
        let epochs = EpochClock::Modulo {
            netuid: 12,
            tempo: 360,
        };
        let head = 361 * 100;
        let index = epochs.index_at(head + 1);
        let found = plan(&epochs, TimelockForm::Versioned, 2, head);
        assert_eq!(found.commit_epoch, index);
        assert_eq!(found.opens_at, 361 * (index + 2) - 13);
        let seconds_ahead = (found.opens_at + 3 - head) * 12;
        assert_eq!(found.round, (3_000_000 + seconds_ahead) / 3);
    }

    #[test]
    fn a_commit_in_the_block_of_the_epoch_counts_for_the_next_index() {
        let epochs = EpochClock::Modulo {
            netuid: 2,
            tempo: 5,
        };
        assert_eq!(epochs.blocks_until_next(26), Some(0));
        let before = plan(&epochs, TimelockForm::Versioned, 1, 24);
        let within = plan(&epochs, TimelockForm::Versioned, 1, 25);
        assert_eq!(within.commit_epoch, before.commit_epoch + 1);
        assert_eq!((before.opens_at, within.opens_at), (27, 33));
    }

    #[test]
    fn a_commit_that_is_opened_once_is_readable_before_that_block() {
        let epochs = EpochClock::Modulo {
            netuid: 12,
            tempo: 360,
        };
        let head = 361 * 100;
        let found = plan(&epochs, TimelockForm::Crv3, 1, head);
        let opens_in_s = (found.opens_at - head) * 12;
        assert_eq!(epochs.blocks_until_next(found.opens_at), Some(0));
        assert_eq!(found.round, (3_000_000 + opens_in_s - 72) / 3);
    }

    #[test]
    fn by_the_counters_the_reveal_is_periods_of_tempo_after_the_next_epoch() {
        let epochs = EpochClock::Stateful {
            tempo: 360,
            index: 40,
            last_epoch_block: 1000,
            pending_epoch_at: 0,
            read_at: 1100,
        };
        let found = plan(&epochs, TimelockForm::Versioned, 2, 1100);
        assert_eq!((found.commit_epoch, found.opens_at), (40, 1720));
        let due = plan(&epochs, TimelockForm::Versioned, 1, 1359);
        assert_eq!((due.commit_epoch, due.opens_at), (41, 1720));
    }

    #[test]
    fn on_a_fast_chain_the_round_is_still_to_come() {
        let epochs = EpochClock::Modulo {
            netuid: 1,
            tempo: 2,
        };
        let found = plan(&epochs, TimelockForm::Crv3, 1, 10);
        assert_eq!(found.round, 1_000_001);
    }
}
