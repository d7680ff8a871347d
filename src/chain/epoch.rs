//! When a subnet's epoch runs, and which index it has: pure arithmetic over values read at one
//! block. Two schemes exist: a formula over the block number (spec below 423), and counters in
//! storage (from 423). Rules: chain.md, section 6.

/// The state from which epochs of one subnet are computed.
///
/// For `Stateful`, answers about later blocks are predictions: tempo may change, and an epoch
/// slips by a block when too many subnets are due at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpochClock {
    Modulo {
        netuid: u16,
        tempo: u16,
    },
    Stateful {
        tempo: u16,
        /// `SubnetEpochIndex`: already counted up in the block in which the epoch ran.
        index: u64,
        last_epoch_block: u64,
        /// An epoch asked for out of turn, or put off; 0 for none.
        pending_epoch_at: u64,
        /// The block after which the counters were read.
        read_at: u64,
    },
}

impl EpochClock {
    pub fn tempo(&self) -> u16 {
        match *self {
            Self::Modulo { tempo, .. } | Self::Stateful { tempo, .. } => tempo,
        }
    }

    /// Blocks from one epoch to the next: tempo + 1 by the formula, tempo by the counters.
    pub fn period(&self) -> u64 {
        match *self {
            Self::Modulo { tempo, .. } => u64::from(tempo) + 1,
            Self::Stateful { tempo, .. } => u64::from(tempo),
        }
    }

    /// The block, `block` itself or later, in which the epoch next runs; `None`: never (tempo 0).
    pub fn next_epoch(&self, block: u64) -> Option<u64> {
        match *self {
            Self::Modulo { tempo: 0, .. } | Self::Stateful { tempo: 0, .. } => None,
            Self::Modulo { netuid, tempo } => {
                let passed = (block.saturating_add(u64::from(netuid) + 1)) % self.period();
                Some(block.saturating_add(u64::from(tempo) - passed))
            }
            Self::Stateful { tempo, .. } => {
                let first = self.first_to_come()?;
                let rounds = block.saturating_sub(first).div_ceil(u64::from(tempo));
                Some(first.saturating_add(rounds.saturating_mul(u64::from(tempo))))
            }
        }
    }

    /// Blocks from `block` to the next epoch, 0 in the block in which it runs.
    pub fn blocks_until_next(&self, block: u64) -> Option<u64> {
        Some(self.next_epoch(block)?.saturating_sub(block))
    }

    /// The index to which an extrinsic in `block` belongs.
    ///
    /// By the formula the index changes in the block after the epoch; by the counters in the
    /// block of the epoch itself, before its extrinsics.
    pub fn index_at(&self, block: u64) -> u64 {
        match *self {
            Self::Modulo { netuid, .. } => {
                block.saturating_add(u64::from(netuid) + 1) / self.period()
            }
            Self::Stateful { tempo, index, .. } => match self.first_to_come() {
                Some(first) if block >= first => {
                    index.saturating_add(1 + (block - first) / u64::from(tempo))
                }
                _ => index,
            },
        }
    }

    /// The first block whose extrinsics belong to `wanted`; `None` for an index that is past by
    /// the counters, or that never comes.
    pub fn first_block_of(&self, wanted: u64) -> Option<u64> {
        match *self {
            Self::Modulo { netuid, .. } => wanted
                .checked_mul(self.period())?
                .checked_sub(u64::from(netuid) + 1),
            Self::Stateful {
                tempo,
                index,
                last_epoch_block,
                ..
            } => match wanted.checked_sub(index)? {
                0 => Some(last_epoch_block),
                ahead => {
                    let rounds = (ahead - 1).checked_mul(u64::from(tempo))?;
                    self.first_to_come()?.checked_add(rounds)
                }
            },
        }
    }

    /// The first epoch after `read_at` by the counters. What is overdue runs in the next block.
    fn first_to_come(&self) -> Option<u64> {
        match *self {
            Self::Modulo { .. } | Self::Stateful { tempo: 0, .. } => None,
            Self::Stateful {
                tempo,
                last_epoch_block,
                pending_epoch_at,
                read_at,
                ..
            } => {
                let regular = last_epoch_block.saturating_add(u64::from(tempo));
                let due = match pending_epoch_at {
                    0 => regular,
                    pending => regular.min(pending),
                };
                Some(due.max(read_at.saturating_add(1)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NETUID_2_TEMPO_5: EpochClock = EpochClock::Modulo {
        netuid: 2,
        tempo: 5,
    };

    fn counters(tempo: u16, last_epoch_block: u64, read_at: u64) -> EpochClock {
        EpochClock::Stateful {
            tempo,
            index: 40,
            last_epoch_block,
            pending_epoch_at: 0,
            read_at,
        }
    }

    #[test]
    fn the_block_of_the_epoch_belongs_to_the_index_that_ends_there() {
        // seen on a running chain: a commit in 27 is revealed in 33..=38, one in 26 in 27..=32
        assert_eq!(NETUID_2_TEMPO_5.blocks_until_next(26), Some(0));
        assert_eq!(
            NETUID_2_TEMPO_5.index_at(26) + 1,
            NETUID_2_TEMPO_5.index_at(27)
        );
        assert_eq!(
            NETUID_2_TEMPO_5.first_block_of(NETUID_2_TEMPO_5.index_at(26) + 1),
            Some(27)
        );
        assert_eq!(
            NETUID_2_TEMPO_5.first_block_of(NETUID_2_TEMPO_5.index_at(27) + 1),
            Some(33)
        );
    }

    #[test]
    fn a_subnet_with_tempo_zero_has_no_epochs() {
        assert_eq!(
            EpochClock::Modulo {
                netuid: 1,
                tempo: 0
            }
            .next_epoch(10),
            None
        );
        assert_eq!(counters(0, 10, 12).next_epoch(13), None);
    }

    #[test]
    fn counters_put_the_next_epoch_one_tempo_after_the_last() {
        let clock = counters(360, 1000, 1100);
        assert_eq!(clock.next_epoch(1100), Some(1360));
        assert_eq!((clock.index_at(1359), clock.index_at(1360)), (40, 41));
        assert_eq!(clock.first_block_of(40), Some(1000));
        assert_eq!(clock.first_block_of(42), Some(1720));
        assert_eq!(clock.first_block_of(39), None);
    }

    #[test]
    fn an_epoch_asked_for_out_of_turn_comes_first_and_an_overdue_one_at_once() {
        let asked = EpochClock::Stateful {
            tempo: 360,
            index: 40,
            last_epoch_block: 1000,
            pending_epoch_at: 1105,
            read_at: 1100,
        };
        assert_eq!(asked.next_epoch(1101), Some(1105));
        assert_eq!(counters(360, 1000, 1360).next_epoch(1361), Some(1361));
    }

    proptest! {
        #[test]
        fn an_index_begins_where_it_is_said_to_begin(
            netuid in 0u16..4096, tempo in 1u16.., block in 70_000u64..u64::from(u32::MAX)
        ) {
            for clock in [EpochClock::Modulo { netuid, tempo }, counters(tempo, block, block)] {
                let index = clock.index_at(block);
                let first = clock.first_block_of(index).expect("not before the chain");
                prop_assert!(first <= block);
                prop_assert_eq!(clock.index_at(first), index);
                let next = clock.first_block_of(index + 1).expect("a later index");
                prop_assert!(next > block);
                prop_assert_eq!(clock.index_at(next), index + 1);
            }
        }

        #[test]
        fn the_next_epoch_is_at_most_one_period_away(
            netuid in 0u16..4096, tempo in 1u16.., block in 70_000u64..u64::from(u32::MAX)
        ) {
            for clock in [EpochClock::Modulo { netuid, tempo }, counters(tempo, block, block)] {
                let next = clock.next_epoch(block).expect("tempo is not 0");
                prop_assert!(next >= block && next - block <= clock.period());
                prop_assert_eq!(clock.next_epoch(next), Some(next));
            }
        }
    }
}
