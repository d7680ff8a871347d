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

/// Blocks in which an extrinsic may be included. One that lands an epoch late does harm, and one
/// that is lost blocks the next attempt for so long.
const LIFE_BLOCKS: u64 = 8;
/// Chains for rehearsals make blocks faster than a busy machine keeps up with.
const LEAST_LIFE: Duration = Duration::from_secs(2);
/// The chain knows no shorter life.
const LEAST_LIFE_BLOCKS: u64 = 4;

/// How many blocks an extrinsic lives, the one of its birth included; a power of two.
pub(super) fn life(block_time: Duration) -> u64 {
    let least = LEAST_LIFE.as_millis() / block_time.as_millis().max(1);
    let least = u64::try_from(least).unwrap_or(u64::MAX);
    least.clamp(LIFE_BLOCKS, 2048).next_power_of_two()
}

/// The longest life of which no block is later than `last`, for a birth in `head`; `None`: there
/// are too few blocks left for any.
fn life_until(last: u64, head: u64) -> Option<u64> {
    let room = (last + 1).checked_sub(head)?;
    (room >= LEAST_LIFE_BLOCKS).then(|| 1 << room.ilog2())
}

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

/// What is to be sent.
pub(super) struct Order<'a> {
    pub(super) act: Act,
    pub(super) call: &'a Call,
    pub(super) until: Until,
    /// How long this attempt may take.
    pub(super) limit: Duration,
    /// The last block in which it means what it is meant to; `None`: it always does.
    pub(super) last_block: Option<u64>,
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
    /// It may still be included, or its outcome is for the chain's state to tell: this pass sends
    /// nothing else, the next one looks.
    Open,
}

impl Writing<'_> {
    /// Sends one extrinsic for these weights. Nothing may be pending for them.
    pub(super) async fn attempt(
        &mut self,
        weights: WeightsId,
        order: Order<'_>,
    ) -> Result<Attempt, Failure> {
        let Order {
            act,
            call,
            until,
            limit,
            last_block,
        } = order;
        let deadline = Instant::now() + limit;
        let database = self.pass.store.path();
        let Some(_lock) = Lock::take(database, LockName::Hotkey, limit).await? else {
            return Err(WeightsError::HotkeyBusy {
                seconds: limit.as_secs(),
            }
            .into());
        };
        let head = self.head().await?;
        let block_time = head.block_time()?;
        let mut life = life(block_time);
        if let Some(last) = last_block {
            let Some(most) = life_until(last, head.block()) else {
                let reason = format!("too few blocks are left until block {last}");
                return Ok(Attempt::Lost(reason));
            };
            life = life.min(most);
        }
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
            Err(SubmitError::Unknown { reason, .. }) => reason,
        };
        warn!(
            act = act.name(),
            reason, "outcome unknown, asking the chain"
        );
        let reach = deadline.max(Instant::now() + block_time * 2);
        self.traced(&sent, intent, reason, block_time, reach).await
    }

    /// What came of an extrinsic, by the blocks of its life.
    async fn traced(
        &mut self,
        sent: &Sent,
        intent: IntentId,
        reason: String,
        block_time: Duration,
        reach: Instant,
    ) -> Result<Attempt, Failure> {
        match sent.fate(&self.chain, block_time, reach).await? {
            Fate::Open => Ok(self.open()),
            Fate::Lost => {
                self.settle(intent, IntentState::Void, &reason)?;
                Ok(Attempt::Lost(reason))
            }
            Fate::Included(included) => match included.outcome.clone() {
                Outcome::Failed(refusal) => self.refused(intent, refusal),
                Outcome::Succeeded => Ok(Attempt::Done { included, intent }),
                Outcome::Unreadable(reason) => {
                    self.settle(intent, IntentState::Done, &unread(included.block, &reason))?;
                    Ok(self.open())
                }
            },
        }
    }

    fn open(&mut self) -> Attempt {
        self.is_open = true;
        Attempt::Open
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

/// The outcome of an extrinsic whose events nobody can read.
pub(super) fn unread(block: u64, reason: &str) -> String {
    format!("included in block {block}, its outcome cannot be read: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extrinsic_lives_for_eight_blocks_or_two_seconds() {
        let lives = [12_000, 250, 60, 0].map(|ms| life(Duration::from_millis(ms)));
        assert_eq!(lives, [8, 8, 64, 2048]);
    }

    #[test]
    fn no_block_of_a_bounded_life_is_later_than_the_bound() {
        for left in 0..40 {
            let (head, last) = (1000, 1000 + left);
            match life_until(last, head) {
                Some(life) => {
                    assert!(life.is_power_of_two() && life >= LEAST_LIFE_BLOCKS);
                    assert!(head + life - 1 <= last && head + 2 * life > last);
                }
                None => assert!(left < 3, "{left}"),
            }
        }
        assert_eq!(life_until(999, 1001), None);
    }
}
