//! Between which blocks a hash commit can be revealed, by the rules of the runtime that holds it.
//! Pure; chain.md, section 8.

use super::EpochClock;

/// Blocks in which a reveal counts, both ends included. The extrinsic has to land in one of them,
/// so at head `h` the block that matters is `h + 1` or later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevealWindow {
    pub first: u64,
    pub last: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevealTiming {
    TooEarly,
    Open,
    Expired,
}

impl RevealWindow {
    /// Block intervals: what is committed in one interval is revealed in the next.
    pub fn of_interval(commit_block: u64, interval: u64) -> Self {
        let interval = interval.max(1);
        let first = (commit_block / interval)
            .saturating_add(1)
            .saturating_mul(interval);
        Self {
            first,
            last: first.saturating_add(interval - 1),
        }
    }

    /// Epoch indexes: a commit of index `committed` is revealed in exactly `committed + period`.
    /// A window that lies behind the counters of `clock` is reported as past; its exact place is
    /// then unknown and of no use.
    pub fn of_epochs(clock: &EpochClock, committed: u64, period: u64) -> Self {
        let wanted = committed.saturating_add(period);
        match clock.first_block_of(wanted) {
            Some(first) => {
                let next = clock
                    .first_block_of(wanted.saturating_add(1))
                    .unwrap_or(u64::MAX);
                Self {
                    first,
                    last: next.saturating_sub(1),
                }
            }
            None => Self { first: 0, last: 0 },
        }
    }

    /// How a reveal that lands in `block` fares.
    pub fn timing(&self, block: u64) -> RevealTiming {
        if block < self.first {
            RevealTiming::TooEarly
        } else if block <= self.last {
            RevealTiming::Open
        } else {
            RevealTiming::Expired
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_committed_in_one_interval_is_revealed_in_the_next() {
        for block in [1000, 1001, 1999] {
            let window = RevealWindow::of_interval(block, 1000);
            assert_eq!(
                window,
                RevealWindow {
                    first: 2000,
                    last: 2999
                }
            );
        }
    }

    #[test]
    fn epochs_by_the_formula_give_the_window_the_chain_stores() {
        let clock = EpochClock::Modulo {
            netuid: 2,
            tempo: 5,
        };
        let window = RevealWindow::of_epochs(&clock, clock.index_at(27), 1);
        assert_eq!(
            window,
            RevealWindow {
                first: 33,
                last: 38
            }
        );
        assert_eq!(window.timing(32), RevealTiming::TooEarly);
        assert_eq!(window.timing(38), RevealTiming::Open);
        assert_eq!(window.timing(39), RevealTiming::Expired);
    }

    #[test]
    fn epochs_by_the_counters_are_open_for_one_tempo() {
        let clock = EpochClock::Stateful {
            tempo: 360,
            index: 40,
            last_epoch_block: 1000,
            pending_epoch_at: 0,
            read_at: 1100,
        };
        let window = |committed| RevealWindow::of_epochs(&clock, committed, 1);
        assert_eq!(
            window(39),
            RevealWindow {
                first: 1000,
                last: 1359
            }
        );
        assert_eq!(
            window(40),
            RevealWindow {
                first: 1360,
                last: 1719
            }
        );
        assert_eq!(window(38).timing(1101), RevealTiming::Expired);
    }
}
