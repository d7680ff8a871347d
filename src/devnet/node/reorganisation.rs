//! The chain goes another way: its newest blocks are undone, with all that they did. Which blocks
//! come in their place is up to `producer`. No upgrade of the runtime is undone.

use super::ledger::Outcome;
use super::pool::Status;
use super::state::State;

/// What becomes of the extrinsics of blocks that are undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orphans {
    /// They wait in the pool again, as on a healthy network.
    Wait,
    /// Nobody who makes blocks has ever heard of them.
    AreLost,
}

impl State {
    /// Undoes blocks that are not final: at most so many. Says how many.
    pub(super) fn undo(&mut self, most: u64, orphans: Orphans) -> u64 {
        let best = self.best().number;
        let last = best.saturating_sub(most).max(self.finalized_under(best));
        let mut undone = Vec::new();
        while self.best().number > last {
            undone.extend(self.pop());
        }
        self.storage.rewind(last);
        self.forks += 1;
        self.ledger.retain(|entry| {
            let is_included = matches!(entry.outcome, Outcome::Succeeded | Outcome::Failed(_));
            !is_included || entry.block <= last
        });
        for (number, waiting) in std::mem::take(&mut self.unfinalized) {
            let Some(block) = undone.iter().find(|block| block.number == number) else {
                self.unfinalized.push((number, waiting));
                continue;
            };
            waiting.tell(Status::Retracted(block.hash));
            match orphans {
                Orphans::Wait => self.pool.add(waiting),
                Orphans::AreLost => {
                    self.note(&waiting.extrinsic, number, Outcome::Lost);
                    self.forgotten.push(waiting.watcher);
                }
            }
        }
        best - last
    }
}
