//! Epochs by the formula of every generation below spec 423 (chain.md, section 6).
//! With tempo 0 no epoch ever runs.

/// When the epochs of one subnet are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Epochs {
    pub(super) netuid: u16,
    pub(super) tempo: u16,
}

impl Epochs {
    fn length(self) -> u64 {
        u64::from(self.tempo) + 1
    }

    fn shifted(self, block: u64) -> u64 {
        block + u64::from(self.netuid) + 1
    }

    pub(super) fn index(self, block: u64) -> u64 {
        self.shifted(block) / self.length()
    }

    /// Whether the epoch runs in this block, its last one.
    pub(super) fn runs_in(self, block: u64) -> bool {
        self.tempo > 0 && self.shifted(block) % self.length() == u64::from(self.tempo)
    }

    /// First and last block of an epoch.
    pub(super) fn blocks(self, index: u64) -> (u64, u64) {
        let first = (index * self.length()).saturating_sub(u64::from(self.netuid) + 1);
        (first, first + u64::from(self.tempo))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seen on a running chain of spec 218: tempo 5, netuid 2.
    #[test]
    fn a_commit_belongs_to_the_epoch_that_ends_in_its_block() {
        let epochs = Epochs {
            netuid: 2,
            tempo: 5,
        };
        assert!(epochs.runs_in(26));
        assert_eq!(epochs.blocks(epochs.index(26) + 1), (27, 32));
        assert_eq!(epochs.blocks(epochs.index(27) + 1), (33, 38));
    }
}
