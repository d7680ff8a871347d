//! Where epochs and cycles lie, and where in a cycle one validator starts its batch.
//! Knows no clock and no chain (spec: schedule, "Epochs and cycles" and "Start block").

/// One epoch of the subnet. A block that ends an epoch belongs to the epoch that it ends:
/// `start < block <= stop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch {
    /// Negative for the first epoch of a subnet.
    pub start: i64,
    pub stop: i64,
}

impl Epoch {
    /// `tempo` is the subnet's hyperparameter, 360 in production; an epoch has `tempo + 1` blocks.
    pub fn containing(block: i64, netuid: u16, tempo: u16) -> Self {
        let interval = i64::from(tempo) + 1;
        let start = block - 1 - (block + i64::from(netuid) + 1).rem_euclid(interval);
        Self {
            start,
            stop: start + interval,
        }
    }
}

/// Two epochs, in which every validator runs one batch: `start < block <= stop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cycle {
    pub start: i64,
    pub stop: i64,
}

impl Cycle {
    pub fn contains(&self, block: i64) -> bool {
        self.start < block && block <= self.stop
    }
}

/// The cycle of `block`. Cycles are counted from the epoch that contains block 0.
pub fn cycle_containing(block: i64, netuid: u16, tempo: u16) -> Cycle {
    let interval = i64::from(tempo) + 1;
    let first = Epoch::containing(0, netuid, tempo);
    let start = first.start + (block - 1 - first.start).div_euclid(2 * interval) * (2 * interval);
    Cycle {
        start,
        stop: start + 2 * interval,
    }
}

/// Where the validator at `index` of `total` starts its batch, the first `offset` blocks of the
/// cycle being left free.
///
/// The share of one validator is a double, as for every other validator of the subnet: exact
/// arithmetic would sometimes name the block beside it.
pub fn start_block(cycle: Cycle, offset: i64, total: usize, index: usize) -> i64 {
    let share = (cycle.stop - cycle.start - offset) as f64 / total.max(1) as f64;
    cycle.start + offset + (share * index as f64).floor() as i64
}
