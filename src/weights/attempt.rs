//! One extrinsic of this hotkey: stored as an intent, sent under the hotkey's lock, and followed
//! until its outcome is known or its life is over.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tracing::{info, warn};

use super::WeightsError;
use super::pass::Writing;
use crate::chain::{
    Call, Chain, Fate, Hash, Included, Outcome, Prepared, Refusal, SubmitError, Until,
};
use crate::pass::{Failure, Lock, LockName};
use crate::store::{IntentId, IntentState, WeightsId};

/// How long an extrinsic may wait to be included. An extrinsic that lands an epoch late does
/// harm, and one that is lost blocks the next attempt for so long.
const LIFE: Duration = Duration::from_secs(30);
const SHORTEST_LIFE_BLOCKS: u64 = 8;

/// What is done to weights on chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Set,
    Commit,
    Reveal,
}

impl Act {
    /// All kinds of intents of this module begin so.
    pub(super) const PREFIX: &'static str = "weights/";

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Commit => "commit",
            Self::Reveal => "reveal",
        }
    }

    fn intent(self) -> String {
        format!("{}{}", Self::PREFIX, self.name())
    }

    pub(super) fn of_intent(kind: &str) -> Option<Self> {
        [Self::Set, Self::Commit, Self::Reveal]
            .into_iter()
            .find(|act| act.intent() == kind)
    }
}

/// An extrinsic as an intent keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Sent {
    pub(super) extrinsic: String,
    pub(super) birth_block: u64,
    pub(super) death_block: u64,
}

impl Sent {
    fn of(prepared: &Prepared) -> Self {
        Self {
            extrinsic: prepared.extrinsic.to_string(),
            birth_block: prepared.birth_block,
            death_block: prepared.death_block,
        }
    }

    /// What became of it, asking the chain's blocks; waits as long as it may still be included.
    pub(super) async fn fate(
        &self,
        chain: &Chain,
        poll: Duration,
        deadline: Instant,
    ) -> Result<Fate, Failure> {
        // an intent of this program holds a hash; anything else is found nowhere
        let extrinsic: Hash = self.extrinsic.parse().unwrap_or(Hash::new([0; 32]));
        loop {
            let fate = chain
                .fate(extrinsic, self.birth_block, self.death_block)
                .await?;
            if fate != Fate::Open || Instant::now() >= deadline {
                return Ok(fate);
            }
            tokio::time::sleep(poll).await;
        }
    }
}

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum Attempt {
    /// In a block, dispatched without an error. The intent is pending until the caller has
    /// stored what follows from it.
    Done {
        included: Included,
        intent: IntentId,
    },
    Refused(Refusal),
    /// Not included, and it cannot be included any more.
    Lost(String),
    /// It may still be included: nothing else may be sent before that is known.
    Open,
}

impl Writing<'_> {
    /// Sends one extrinsic for these weights. Nothing may be pending for them.
    pub(super) async fn attempt(
        &mut self,
        weights: WeightsId,
        act: Act,
        call: &Call,
        until: Until,
        limit: Duration,
    ) -> Result<Attempt, Failure> {
        let deadline = Instant::now() + limit;
        let database = self.pass.store.path();
        let Some(_lock) = Lock::take(database, LockName::Hotkey, limit).await? else {
            return Err(WeightsError::HotkeyBusy {
                seconds: limit.as_secs(),
            }
            .into());
        };
        let head = self.pass.fresh_head(&self.chain).await?;
        let block_time = head.block_time()?;
        let life = (LIFE.as_millis() / block_time.as_millis().max(1)) as u64;
        let life = life.max(SHORTEST_LIFE_BLOCKS);
        let prepared = self.chain.prepare(&head, call, &self.signer, life).await?;
        let sent = Sent::of(&prepared);
        let detail = serde_json::to_value(&sent).expect("text and numbers are JSON");
        let now = self.pass.now();
        let intent = self
            .pass
            .store
            .intend(&act.intent(), weights.number(), &detail, now)?;
        info!(
            act = act.name(),
            weights = weights.number(),
            extrinsic = sent.extrinsic,
            "sending"
        );

        let reason = match self.chain.send(&prepared, until, limit).await {
            Ok(included) => return Ok(Attempt::Done { included, intent }),
            Err(SubmitError::Refused(refusal)) => return self.refused(intent, refusal),
            Err(SubmitError::Chain(error)) => {
                self.settle(intent, IntentState::Void, "never sent")?;
                return Err(error.into());
            }
            Err(SubmitError::Unknown { reason, .. }) => reason,
        };
        warn!(
            act = act.name(),
            reason, "outcome unknown, asking the chain"
        );
        let reach = deadline.max(Instant::now() + block_time * 2);
        match sent.fate(&self.chain, block_time, reach).await? {
            Fate::Open => Ok(Attempt::Open),
            Fate::Lost => {
                self.settle(intent, IntentState::Void, &reason)?;
                Ok(Attempt::Lost(reason))
            }
            Fate::Included(included) => match included.outcome.clone() {
                Outcome::Failed(refusal) => self.refused(intent, refusal),
                Outcome::Succeeded | Outcome::Unreadable(_) => {
                    Ok(Attempt::Done { included, intent })
                }
            },
        }
    }

    fn refused(&mut self, intent: IntentId, refusal: Refusal) -> Result<Attempt, Failure> {
        self.settle(intent, IntentState::Refused, &refusal.to_string())?;
        Ok(Attempt::Refused(refusal))
    }

    pub(super) fn settle(
        &mut self,
        intent: IntentId,
        state: IntentState,
        outcome: &str,
    ) -> Result<(), Failure> {
        let now = self.pass.now();
        Ok(self.pass.store.settle(intent, state, outcome, now)?)
    }
}
