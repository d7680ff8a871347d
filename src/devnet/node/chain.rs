//! The one chain of a node, shared by everything that serves it or changes it, together with
//! its clock and what is wrong with it at the moment.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::Utc;
use tokio::sync::{broadcast, mpsc, watch};

use super::extrinsic::Extrinsic;
use super::ledger::Outcome;
use super::pool::Status;
use super::state::State;
use super::types::Hash;
use super::{Config, Faults, PoolRefusal, Production, SubmitFault, items};

pub(super) struct Chain {
    state: Mutex<State>,
    faults: watch::Sender<Faults>,
    /// Numbers of new best blocks.
    heads: broadcast::Sender<u64>,
    /// Whoever holds a connection closes it on a change.
    cuts: watch::Sender<()>,
    production: Production,
    finality_lag: u64,
}

/// Why a submission was not answered with a hash.
pub(super) enum SubmitError {
    Malformed(parity_scale_codec::Error),
    Refused(PoolRefusal),
    /// There is nobody left to answer to.
    Cut,
}

pub(super) struct Submitted {
    pub(super) hash: Hash,
    pub(super) statuses: mpsc::UnboundedReceiver<Status>,
}

/// More heads than a subscriber can be behind without losing some.
const HEADS_KEPT: usize = 1024;

impl Chain {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            state: Mutex::new(State::new(config, wall_clock())),
            faults: watch::Sender::new(Faults::default()),
            heads: broadcast::Sender::new(HEADS_KEPT),
            cuts: watch::Sender::new(()),
            production: config.production,
            finality_lag: config.finality_lag,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // a panic while it was held is a failed assertion elsewhere, not a reason for another
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn faults(&self) -> &watch::Sender<Faults> {
        &self.faults
    }

    pub(super) fn heads(&self) -> broadcast::Receiver<u64> {
        self.heads.subscribe()
    }

    pub(super) fn cuts(&self) -> watch::Receiver<()> {
        self.cuts.subscribe()
    }

    pub(super) fn cut_connections(&self) {
        self.cuts.send_replace(());
    }

    /// Returns the number of the new block.
    pub(super) fn produce_block(&self) -> u64 {
        let mut state = self.state();
        let last = items::NOW.get(&state.storage, ());
        let behind = self.faults.borrow().clock_behind.as_millis();
        let behind = u64::try_from(behind).unwrap_or(u64::MAX);
        // timed blocks follow the clock; those on demand may be many at once, and their time
        // runs ahead of it
        let now = match self.production {
            Production::Timed => wall_clock(),
            Production::Manual | Production::PerExtrinsic => {
                wall_clock().max(last + state.block_time_ms)
            }
        };
        let stated = now.saturating_sub(behind);
        match self.faults.borrow().full {
            true => {
                let waiting = std::mem::take(&mut state.pool);
                state.produce(now, stated);
                state.pool = waiting;
            }
            false => state.produce(now, stated),
        }
        let number = state.best().number;
        drop(state);
        let _ = self.heads.send(number);
        number
    }

    pub(super) fn submit(&self, bytes: &[u8]) -> Result<Submitted, SubmitError> {
        let mut state = self.state();
        let best = state.best().number;
        let extrinsic = Extrinsic::decode(state.runtime_at(best), bytes);
        let extrinsic = extrinsic.map_err(SubmitError::Malformed)?;
        let hash = extrinsic.hash;
        let (watcher, statuses) = mpsc::unbounded_channel();
        let fault = self.next_submit_fault();
        match &fault {
            Some(SubmitFault::Refuse(refusal)) => {
                state.refuse(&extrinsic, *refusal);
                return Err(SubmitError::Refused(*refusal));
            }
            Some(SubmitFault::CutBeforeTaking) => state.note(&extrinsic, best, Outcome::Lost),
            Some(SubmitFault::Lose) => {
                state.note(&extrinsic, best, Outcome::Lost);
                let _ = watcher.send(Status::Ready);
                state.forgotten.push(watcher);
            }
            Some(SubmitFault::Lie) => {
                state.note(&extrinsic, best, Outcome::Lost);
                let newest = state.best().hash;
                let _ = watcher.send(Status::InBlock(newest));
                let _ = watcher.send(Status::Finalized(newest));
            }
            Some(SubmitFault::CutAfterTaking | SubmitFault::Double) | None => {
                let admitted = state.admit(extrinsic, watcher);
                admitted.map_err(SubmitError::Refused)?;
            }
        }
        drop(state);
        if self.production == Production::PerExtrinsic && !self.faults.borrow().stalled {
            for _ in 0..=self.finality_lag {
                self.produce_block();
            }
        }
        match fault {
            Some(SubmitFault::CutBeforeTaking | SubmitFault::CutAfterTaking) => {
                self.cut_connections();
                Err(SubmitError::Cut)
            }
            Some(SubmitFault::Double) => Err(SubmitError::Refused(PoolRefusal::AlreadyImported)),
            _ => Ok(Submitted { hash, statuses }),
        }
    }

    fn next_submit_fault(&self) -> Option<SubmitFault> {
        let mut next = None;
        self.faults.send_if_modified(|faults| {
            next = faults.submits.pop_front();
            next.is_some()
        });
        next
    }
}

/// Milliseconds since 1970. A node is a world of its own and keeps its own time; nothing of the
/// validator is decided by it.
fn wall_clock() -> u64 {
    u64::try_from(Utc::now().timestamp_millis()).unwrap_or(0)
}
