//! Makes the next block: what is due at its beginning, what waits in the pool, what the beacon
//! has signed, in the order in which the real chain does it.

use parity_scale_codec::Encode;
use sp_crypto_hashing::blake2_256;

use super::ancestry;
use super::commits::epochs;
use super::dispatch::dispatch;
use super::events::{
    DispatchError, DispatchInfo, EventRecord, ModuleError, Phase, RuntimeEvent, SubtensorEvent,
    SystemEvent,
};
use super::extrinsic::{Extrinsic, timestamp};
use super::ledger::{Entry, Outcome};
use super::metadata::{BLOCK_HASHES_KEPT, SUBTENSOR_INDEX};
use super::pool::Status;
use super::state::{Block, State};
use super::types::H256;
use super::{CommitScheme, items, timelocked};

impl State {
    pub(super) fn produce_first(&mut self, number: u64, now: u64) {
        items::NUMBER.put(&mut self.storage, (), &block_number(number));
        items::NOW.put(&mut self.storage, (), &now);
        self.store_pulses(now);
        self.close(number, now, vec![timestamp(now)], Vec::new());
    }

    /// The block is made at `now` and says that it was made at `stated`, in milliseconds.
    pub(super) fn produce(&mut self, now: u64, stated: u64) {
        let parent = self.best();
        let (number, parent_hash) = (parent.number + 1, parent.hash);
        items::NUMBER.put(&mut self.storage, (), &block_number(number));
        items::NOW.put(&mut self.storage, (), &stated);
        let parent_key = (block_number(number - 1),);
        items::BLOCK_HASH.put(&mut self.storage, parent_key, &H256(parent_hash));
        let forgotten = number.saturating_sub(u64::from(BLOCK_HASHES_KEPT) + 1);
        items::BLOCK_HASH.remove(&mut self.storage, (block_number(forgotten),));

        let mut records = self.begin(number);
        let mut extrinsics = vec![timestamp(stated)];
        records.push(record(Phase::ApplyExtrinsic(0), success()));
        for (signer, nonce) in self.pool.senders() {
            let expected = self.nonce(signer);
            if nonce > expected {
                continue;
            }
            let Some(waiting) = self.pool.take(signer, nonce) else {
                continue;
            };
            if self.check(&waiting.extrinsic, number).is_err() {
                self.note(&waiting.extrinsic, number, Outcome::Lost);
                waiting.tell(Status::Invalid);
                continue;
            }
            let place = u32::try_from(extrinsics.len()).unwrap_or(u32::MAX);
            extrinsics.push(waiting.extrinsic.bytes.clone());
            let events = self.apply(&waiting.extrinsic, number);
            let phase = Phase::ApplyExtrinsic(place);
            records.extend(events.into_iter().map(|event| record(phase, event)));
            self.unfinalized.push((number, waiting));
        }
        self.store_pulses(now);
        self.close(number, stated, extrinsics, records);
    }

    /// What the chain does by itself before any extrinsic.
    fn begin(&mut self, number: u64) -> Vec<EventRecord> {
        let netuid = self.subnet.netuid;
        if epochs(&self.storage, netuid).runs_in(number) {
            items::LAST_STEP_BLOCK.put(&mut self.storage, (netuid,), &number);
            items::BLOCKS_SINCE_LAST_STEP.put(&mut self.storage, (netuid,), &0);
        } else {
            items::BLOCKS_SINCE_LAST_STEP.change(&mut self.storage, (netuid,), |blocks| {
                *blocks += 1;
            });
        }
        let opened = match self.subnet.scheme {
            CommitScheme::Timelocked => timelocked::open_due(&mut self.storage, netuid, number),
            _ => Vec::new(),
        };
        opened
            .into_iter()
            .map(|event| record(Phase::Initialization, RuntimeEvent::SubtensorModule(event)))
            .collect()
    }

    /// Executes an extrinsic that is in the block whatever comes of it.
    fn apply(&mut self, extrinsic: &Extrinsic, number: u64) -> Vec<RuntimeEvent> {
        let signer = extrinsic.signer;
        let mut account = items::ACCOUNT.get(&self.storage, (signer,));
        account.nonce += 1;
        items::ACCOUNT.put(&mut self.storage, (signer,), &account);
        let scheme = self.subnet.scheme;
        let call = extrinsic.call.clone();
        let done: Result<Vec<SubtensorEvent>, _> = self
            .storage
            .attempt(|storage| dispatch(storage, scheme, signer, call, number));
        match done {
            Ok(events) => {
                self.note(extrinsic, number, Outcome::Succeeded);
                let events = events.into_iter().map(RuntimeEvent::SubtensorModule);
                events.chain([success()]).collect()
            }
            Err(error) => {
                self.note(extrinsic, number, Outcome::Failed(error.name(scheme)));
                vec![RuntimeEvent::System(SystemEvent::ExtrinsicFailed {
                    dispatch_error: DispatchError::Module(ModuleError {
                        index: SUBTENSOR_INDEX,
                        error: error.encoded(),
                    }),
                    dispatch_info: DispatchInfo::free(),
                })]
            }
        }
    }

    pub(super) fn note(&mut self, extrinsic: &Extrinsic, block: u64, outcome: Outcome) {
        self.ledger.push(Entry {
            hash: extrinsic.hash,
            signer: extrinsic.signer.into(),
            call: extrinsic.call.name(),
            nonce: extrinsic.extra.nonce,
            block,
            outcome,
        });
    }

    /// The real chain stores every pulse. Here only those that a commit waits for are, because
    /// nobody reads the others and each takes milliseconds to sign.
    fn store_pulses(&mut self, now: u64) {
        if self.subnet.scheme != CommitScheme::Timelocked {
            return;
        }
        let newest = self.beacon.round_at(now);
        items::LAST_STORED_ROUND.put(&mut self.storage, (), &newest);
        for round in timelocked::awaited_rounds(&self.storage) {
            let key = (round,);
            if round > newest || items::PULSES.find(&self.storage, key).is_some() {
                continue;
            }
            if let Some(pulse) = self.beacon.pulse(round) {
                items::PULSES.put(&mut self.storage, key, &pulse);
            }
        }
    }

    fn close(
        &mut self,
        number: u64,
        stated: u64,
        extrinsics: Vec<Vec<u8>>,
        records: Vec<EventRecord>,
    ) {
        items::EVENTS.put(&mut self.storage, (), &records);
        let changes = self.storage.seal(number);
        let parent = match self.parent() {
            Some(parent) => (parent.hash, parent.header.state_root.0),
            None => (self.ancestor(number.saturating_sub(1)), [0; 32]),
        };
        let (parent_hash, parent_root) = parent;
        // stands for a trie root: like one, it depends on all state
        let state_root = blake2_256(&(parent_root, changes, self.forks).encode());
        let header = ancestry::header(
            parent_hash,
            number,
            state_root,
            blake2_256(&extrinsics.encode()),
            stated / self.block_time_ms.max(1),
        );
        self.push(Block {
            number,
            hash: blake2_256(&header.encode()),
            header,
            extrinsics,
        });
        self.tell_senders(number);
    }

    fn tell_senders(&mut self, number: u64) {
        let finalized = self.finalized_under(number);
        for (block, waiting) in std::mem::take(&mut self.unfinalized) {
            let Some(hash) = self.hash_at(block) else {
                continue;
            };
            if block == number {
                waiting.tell(Status::InBlock(hash));
            }
            if block <= finalized {
                waiting.tell(Status::Finalized(hash));
            } else {
                self.unfinalized.push((block, waiting));
            }
        }
    }
}

fn success() -> RuntimeEvent {
    RuntimeEvent::System(SystemEvent::ExtrinsicSuccess {
        dispatch_info: DispatchInfo::free(),
    })
}

fn record(phase: Phase, event: RuntimeEvent) -> EventRecord {
    EventRecord {
        phase,
        event,
        topics: Vec::new(),
    }
}

/// Block numbers are u32 on chain.
fn block_number(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
