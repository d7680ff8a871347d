//! One file of the model of a disk: what of it is durable, and what was written since.

/// What a disk writes in one piece.
const SECTOR: usize = 512;

#[derive(Debug)]
pub(super) enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    Truncate(u64),
}

#[derive(Debug, Default)]
pub(super) struct File {
    durable: Vec<u8>,
    /// With the time of each.
    pending: Vec<(usize, Change)>,
}

impl File {
    /// All of it durable.
    pub(super) fn holding(durable: Vec<u8>) -> Self {
        let pending = Vec::new();
        Self { durable, pending }
    }

    pub(super) fn change(&mut self, at: usize, change: Change) {
        self.pending.push((at, change));
    }

    /// Covers what came before this time.
    pub(super) fn synced(&mut self, since: usize) {
        let is_old = self
            .pending
            .iter()
            .take_while(|(at, _)| *at < since)
            .count();
        for (_, change) in self.pending.drain(..is_old) {
            apply(&mut self.durable, &change, &mut || true);
        }
    }

    /// With those sectors and lengths of what is pending that survive.
    pub(super) fn content(&self, survives: &mut dyn FnMut() -> bool) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for (_, change) in &self.pending {
            apply(&mut bytes, change, survives);
        }
        bytes
    }
}

fn apply(to: &mut Vec<u8>, change: &Change, survives: &mut dyn FnMut() -> bool) {
    let size = |number: &u64| usize::try_from(*number).expect("small");
    match change {
        Change::Truncate(length) => {
            if survives() {
                to.resize(size(length), 0);
            }
        }
        Change::Write { offset, bytes } => {
            let start = size(offset);
            let end = start + bytes.len();
            let mut at = start;
            while at < end {
                let next = ((at / SECTOR + 1) * SECTOR).min(end);
                if survives() {
                    to.resize(to.len().max(next), 0);
                    to[at..next].copy_from_slice(&bytes[at - start..next - start]);
                }
                at = next;
            }
        }
    }
}
