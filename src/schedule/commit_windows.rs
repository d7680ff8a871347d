//! When weights may be committed and when they may be revealed, by intervals of blocks.
//! What the chain itself allows is not known here (spec: weights, "Windows").

use std::num::NonZeroU32;
use std::ops::Range;

/// The four dynamic parameters `DYNAMIC_COMMIT_REVEAL_*`, in blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitWindows {
    pub interval_length: NonZeroU32,
    /// From the start of the interval to the start of its commit window.
    pub commit_start_offset: u32,
    pub commit_end_buffer: u32,
    pub reveal_end_buffer: u32,
}

/// The windows of one interval. A window whose end is not above its start is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    pub interval: Range<i64>,
    pub reveal: Range<i64>,
    pub commit: Range<i64>,
}

/// What to do about the newest stored weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevealDecision {
    NothingToReveal,
    OutsideRevealWindow,
    /// The interval of the commit is not over.
    TooEarly,
    /// The interval in which it should have been revealed is over.
    TooOld,
    Reveal,
}

impl RevealDecision {
    pub const fn name(self) -> &'static str {
        match self {
            Self::NothingToReveal => "nothing_to_reveal",
            Self::OutsideRevealWindow => "outside_reveal_window",
            Self::TooEarly => "too_early",
            Self::TooOld => "too_old",
            Self::Reveal => "reveal",
        }
    }
}

impl CommitWindows {
    /// The windows of the interval that contains `block`.
    pub fn at(&self, block: i64) -> Windows {
        let length = i64::from(self.interval_length.get());
        let start = block - block.rem_euclid(length);
        let stop = start + length;
        let commit_start = start + i64::from(self.commit_start_offset);
        Windows {
            interval: start..stop,
            reveal: start..commit_start - i64::from(self.reveal_end_buffer),
            commit: commit_start..stop - i64::from(self.commit_end_buffer),
        }
    }

    /// `committed_at` is the block of the newest stored weights, `None` if there are none.
    pub fn reveal_decision(
        &self,
        committed_at: Option<i64>,
        is_revealed: bool,
        current: i64,
    ) -> RevealDecision {
        let Some(committed_at) = committed_at.filter(|_| !is_revealed) else {
            return RevealDecision::NothingToReveal;
        };
        let reveal_from = self.at(committed_at).interval.end;
        if !self.at(current).reveal.contains(&current) {
            RevealDecision::OutsideRevealWindow
        } else if current < reveal_from {
            RevealDecision::TooEarly
        } else if current > reveal_from + i64::from(self.interval_length.get()) {
            RevealDecision::TooOld
        } else {
            RevealDecision::Reveal
        }
    }
}
