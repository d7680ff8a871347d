//! What came of asking the miners: counts, and who failed.

use std::ops::AddAssign;

use serde_json::{Value, json};

use super::{Checked, Refusal};
use crate::miner::MinerAddress;

/// Counts of rows in the file of one miner, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rows {
    /// Not receipts of this miner, or signatures that do not hold.
    pub refused: u64,
    /// Kept already, or older than what is.
    pub known: u64,
    /// For want of room.
    pub dropped: u64,
    /// Of those refused: signatures that do not hold.
    pub false_ones: u64,
    /// Signatures hold; the same receipt may be among them twice.
    pub good: u64,
}

impl AddAssign for Rows {
    fn add_assign(&mut self, other: Self) {
        self.refused += other.refused;
        self.known += other.known;
        self.dropped += other.dropped;
        self.false_ones += other.false_ones;
        self.good += other.good;
    }
}

/// What is found in one file.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) rows: Rows,
    /// The first row that is refused, and why.
    pub(super) first: Option<Refusal>,
}

impl Tally {
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.rows.refused += 1;
        self.first.get_or_insert(refusal);
    }

    pub(super) fn add(&mut self, checked: &Checked) {
        self.rows.good += checked.good.len() as u64;
        self.rows.false_ones += checked.refused.len() as u64;
        for refusal in &checked.refused {
            self.refuse(refusal.clone());
        }
    }
}

/// A miner whose file could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    pub miner: MinerAddress,
    pub finding: String,
}

/// What came of a round.
#[derive(Debug, Default)]
pub struct Report {
    /// Miners to ask.
    pub miners: usize,
    /// Miners whose file was read to its end.
    pub answered: usize,
    pub failed: Vec<Failed>,
    /// Receipts that are new.
    pub new: u64,
    /// Copies of our own that got the miner's signature.
    pub countersigned: u64,
    pub rows: Rows,
    /// Receipts that were too old to be kept any longer.
    pub deleted: u64,
    /// A signal came before all was read.
    pub is_stopped: bool,
}

impl Report {
    /// One line.
    pub fn summary(&self) -> String {
        let Self {
            miners, answered, ..
        } = self;
        let asked = match (*miners, *answered) {
            (0, _) => return "there are no miners to ask".to_owned(),
            (1, 0) => "the one miner did not answer".to_owned(),
            (_, 0) => format!("none of {miners} miners answered"),
            _ => format!("{answered} of {miners} miners answered"),
        };
        let mut parts = vec![format!("{asked}: {} new receipts", self.new)];
        for (count, what) in [
            (self.countersigned, "countersigned"),
            (self.rows.refused, "rows refused"),
            (self.rows.dropped, "dropped for want of room"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        if self.is_stopped {
            parts.push("stopped before all was read".to_owned());
        }
        parts.join(", ")
    }

    /// For `--json`; the keys are documented in `docs/json.md`.
    pub fn details(&self) -> Value {
        let failed = |one: &Failed| {
            json!({
                "hotkey": one.miner.hotkey,
                "host": one.miner.host,
                "port": one.miner.port,
                "error": one.finding,
            })
        };
        json!({
            "miners": self.miners,
            "miners_answered": self.answered,
            "new": self.new,
            "countersigned": self.countersigned,
            "known": self.rows.known,
            "refused": self.rows.refused,
            "dropped": self.rows.dropped,
            "deleted": self.deleted,
            "stopped": self.is_stopped,
            "failed": self.failed.iter().map(failed).collect::<Vec<_>>(),
        })
    }
}
