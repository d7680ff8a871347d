//! Whether an extrinsic may wait in the pool, or still be included: signature, life, nonce and
//! the chain's own check of the call.

use super::dispatch::may_enter;
use super::era::Era;
use super::extrinsic::Extrinsic;
use super::ledger::Outcome;
use super::metadata::BLOCK_HASHES_KEPT;
use super::pool::{Status, Waiting, Watcher};
use super::state::State;
use super::types::Hash;
use super::{PoolRefusal, items};

impl State {
    /// Takes an extrinsic into the pool.
    pub(super) fn admit(
        &mut self,
        extrinsic: Extrinsic,
        watcher: Watcher,
    ) -> Result<(), PoolRefusal> {
        if let Err(refusal) = self.check_new(&extrinsic) {
            self.refuse(&extrinsic, refusal);
            return Err(refusal);
        }
        let is_next = extrinsic.extra.nonce == self.next_nonce(&extrinsic);
        let waiting = Waiting { extrinsic, watcher };
        waiting.tell(if is_next {
            Status::Ready
        } else {
            Status::Future
        });
        self.pool.add(waiting);
        Ok(())
    }

    pub(super) fn refuse(&mut self, extrinsic: &Extrinsic, refusal: PoolRefusal) {
        let best = self.best().number;
        self.note(extrinsic, best, Outcome::Refused(refusal.to_string()));
    }

    fn next_nonce(&self, extrinsic: &Extrinsic) -> u32 {
        let nonce = self.nonce(extrinsic.signer);
        self.pool.next_nonce(extrinsic.signer, nonce)
    }

    fn check_new(&self, extrinsic: &Extrinsic) -> Result<(), PoolRefusal> {
        self.check(extrinsic, self.best().number + 1)?;
        match self.pool.at(extrinsic.signer, extrinsic.extra.nonce) {
            None => Ok(()),
            Some(same) if same.hash == extrinsic.hash => Err(PoolRefusal::AlreadyImported),
            Some(_) => Err(PoolRefusal::PriorityTooLow),
        }
    }

    /// Whether it can be included in block `number` as far as it alone is concerned.
    pub(super) fn check(&self, extrinsic: &Extrinsic, number: u64) -> Result<(), PoolRefusal> {
        /// Each costs the check of a signature.
        const LIVES_TRIED: usize = 16;
        let runtime = self.runtime_at(number);
        let genesis = self.genesis();
        let era = extrinsic.extra.era;
        let birth = self.birth_hash(era, number)?;
        if !extrinsic.is_signed(runtime, genesis, birth) {
            // an expired extrinsic is told from a forged one by the lives that it can have had
            let expired = era
                .earlier_births(number)
                .take(LIVES_TRIED)
                .filter_map(|birth| self.hash_at(birth))
                .any(|birth| extrinsic.is_signed(runtime, genesis, birth));
            return Err(if expired {
                PoolRefusal::AncientBirthBlock
            } else {
                PoolRefusal::BadSignature
            });
        }
        if extrinsic.extra.nonce < items::ACCOUNT.get(&self.storage, (extrinsic.signer,)).nonce {
            return Err(PoolRefusal::Stale);
        }
        may_enter(
            &self.storage,
            runtime.scheme,
            extrinsic.signer,
            &extrinsic.call,
        )
    }

    fn birth_hash(&self, era: Era, number: u64) -> Result<Hash, PoolRefusal> {
        if era == Era::Immortal {
            return Ok(self.genesis());
        }
        let birth = era.birth(number);
        let is_known = birth < number && number - birth <= u64::from(BLOCK_HASHES_KEPT);
        let hash = self.hash_at(birth).filter(|_| is_known);
        hash.ok_or(PoolRefusal::AncientBirthBlock)
    }
}
