//! Sending an extrinsic, in two steps: `prepare` signs and tells the hash under which the chain
//! will know it, so that the caller can store the intent; `send` hands it over and waits.
//! Chain.md, section 11. What became of one that was sent before is told by `fate`.

use std::time::Duration;

use subxt::rpcs::Error as RpcError;
use subxt::rpcs::client::RpcSubscription;
use subxt::rpcs::methods::legacy::TransactionStatus;
use subxt::rpcs::rpc_params;
use tokio::time::Instant;

use super::connection::{cause_of, message_of};
use super::extrinsic::Terms;
use super::{Call, Chain, ChainError, Hash, Included, Outcome, Refusal, Snapshot};
use crate::failpoint;
use crate::keys::Keypair;

/// A signed extrinsic that nobody has seen yet.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub extrinsic: Hash,
    /// The block from which its life is counted; it can be included from the next one on.
    pub birth_block: u64,
    /// The last block that can include it.
    pub death_block: u64,
    pub nonce: u64,
    bytes: Vec<u8>,
}

/// How sure an inclusion has to be before `send` returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// In a block of the best chain.
    Included,
    /// In a block that cannot be undone; 20 to 40 s more on the main network.
    Finalized,
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum SubmitError {
    /// The chain did not take it, and it has no effect.
    #[error("the chain refused the extrinsic: {0}")]
    Refused(Refusal),

    /// It may still be included. Ask [`Chain::fate`] before sending anything again.
    #[error("the extrinsic {extrinsic} was sent, its outcome is unknown: {reason}")]
    Unknown {
        extrinsic: Hash,
        birth_block: u64,
        death_block: u64,
        reason: String,
    },
}

/// Where a reading of the pool's answer leaves us.
enum Answer {
    Refused(Refusal),
    Unknown(String),
}

impl Chain {
    /// Signs `call` as seen from the block of `snapshot`, which should be the best one. It lives
    /// for `period` blocks, rounded up to a power of two of at least 4.
    ///
    /// The nonce counts what waits in the pool. Nothing else may sign with this hotkey between
    /// here and the inclusion.
    pub async fn prepare(
        &self,
        snapshot: &Snapshot,
        call: &Call,
        signer: &Keypair,
        period: u64,
    ) -> Result<Prepared, ChainError> {
        /// Birth blocks older than `System.BlockHashCount` (2400) are unknown to the chain.
        const LONGEST: u64 = 2048;
        let account = signer.hotkey().to_string();
        let nonce = self
            .connection
            .request("system_accountNextIndex", rpc_params![account])
            .await?;
        let period = period.clamp(4, LONGEST).next_power_of_two();
        let terms = Terms {
            nonce,
            period,
            birth: (snapshot.block(), snapshot.hash()),
        };
        let bytes = snapshot.runtime.signed(call, signer, &terms)?;
        Ok(Prepared {
            extrinsic: Hash::of(&bytes),
            birth_block: snapshot.block(),
            death_block: snapshot.block() + period - 1,
            nonce,
            bytes,
        })
    }

    /// Hands the extrinsic to the node and waits, at most for `limit`, until it is in a block.
    /// That it was dispatched without error is part of success.
    pub async fn send(
        &self,
        prepared: &Prepared,
        until: Until,
        limit: Duration,
    ) -> Result<Included, SubmitError> {
        let deadline = Instant::now() + limit;
        failpoint::hit("chain.submit.before");
        let submitted = self.connection.submit(&prepared.bytes).await;
        failpoint::hit("chain.submit.after");
        let watch = match submitted {
            Ok(watch) => watch,
            Err(error) => return Err(self.judged(prepared, error).await),
        };
        let waited = tokio::time::timeout_at(deadline, self.watched(prepared, watch, until)).await;
        let included = match waited {
            Ok(outcome) => outcome?,
            Err(_) => {
                let reason = format!("not in a block after {} s", limit.as_secs());
                return Err(prepared.unknown(reason));
            }
        };
        match included.outcome {
            Outcome::Succeeded => Ok(included),
            Outcome::Failed(refusal) => Err(SubmitError::Refused(refusal)),
            Outcome::Unreadable(reason) => Err(prepared.unknown(reason)),
        }
    }

    async fn watched(
        &self,
        prepared: &Prepared,
        mut watch: RpcSubscription<TransactionStatus<Hash>>,
        until: Until,
    ) -> Result<Included, SubmitError> {
        while let Some(status) = watch.next().await {
            let status = status.map_err(|error| prepared.unknown(cause_of(&error)))?;
            tracing::debug!(extrinsic = %prepared.extrinsic, ?status, "extrinsic");
            let block = match status {
                TransactionStatus::InBlock(block) if until == Until::Included => block,
                TransactionStatus::Finalized(block) => block,
                TransactionStatus::InBlock(_)
                | TransactionStatus::Future
                | TransactionStatus::Ready
                | TransactionStatus::Broadcast(_)
                | TransactionStatus::Retracted(_) => continue,
                TransactionStatus::FinalityTimeout(_)
                | TransactionStatus::Usurped(_)
                | TransactionStatus::Dropped
                | TransactionStatus::Invalid => {
                    return Err(prepared.unknown(format!("the pool reports {status:?}")));
                }
            };
            let found = self.inclusion(prepared.extrinsic, block).await;
            return match found {
                Ok(Some(included)) => Ok(included),
                Ok(None) => Err(prepared.unknown(format!("it is not in block {block}"))),
                Err(error) => Err(prepared.unknown(error.to_string())),
            };
        }
        Err(prepared.unknown("the node ended the watch"))
    }

    /// What a failed submission means: only a clear refusal by the pool rules out an inclusion.
    async fn judged(&self, prepared: &Prepared, error: RpcError) -> SubmitError {
        let refusal = match error {
            RpcError::User(refusal) => refusal,
            error => return prepared.unknown(cause_of(&error)),
        };
        let text = message_of(&refusal);
        match self.pool_answer(refusal.code, text).await {
            Answer::Refused(refusal) => SubmitError::Refused(refusal),
            Answer::Unknown(reason) => prepared.unknown(reason),
        }
    }

    async fn pool_answer(&self, code: i32, text: String) -> Answer {
        /// Codes of `author_submitExtrinsic` in every Substrate node.
        const INVALID: i32 = 1010;
        const TEMPORARILY_BANNED: i32 = 1012;
        const ALREADY_IMPORTED: i32 = 1013;
        const PRIORITY_TOO_LOW: i32 = 1014;
        match code {
            INVALID => match self.best().await {
                Ok(best) => Answer::Refused(Refusal::invalid(&best.runtime, &text)),
                Err(_) => Answer::Refused(Refusal::named("InvalidTransaction", &text)),
            },
            PRIORITY_TOO_LOW => Answer::Refused(Refusal::named("PriorityTooLow", &text)),
            TEMPORARILY_BANNED | ALREADY_IMPORTED => Answer::Unknown(text),
            _ => Answer::Unknown(format!("{text} (code {code})")),
        }
    }
}

impl Prepared {
    fn unknown(&self, reason: impl Into<String>) -> SubmitError {
        SubmitError::Unknown {
            extrinsic: self.extrinsic,
            birth_block: self.birth_block,
            death_block: self.death_block,
            reason: super::error::shortened(&reason.into()),
        }
    }
}
