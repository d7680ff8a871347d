//! Everything that a node knows: blocks, state, pool, ledger. Who asks for what, and over which
//! wire, is decided elsewhere; `producer` makes blocks, `admission` fills the pool.

use std::collections::HashMap;
use std::sync::Arc;

use parity_scale_codec::Decode;

use super::ancestry::{Ancestry, Header};
use super::beacon::Beacon;
use super::config::Config;
use super::ledger::Entry;
use super::pool::{Pool, Waiting, Watcher};
use super::runtime::Runtime;
use super::storage::{STATES_KEPT, Storage};
use super::subnet::Subnet;
use super::types::{AccountId32, AccountInfo, Hash};
use super::{CommitScheme, Hyperparameters, items};

pub(super) struct Block {
    pub(super) number: u64,
    pub(super) hash: Hash,
    pub(super) header: Header,
    pub(super) extrinsics: Vec<Vec<u8>>,
}

pub(super) struct State {
    pub(super) subnet: Subnet,
    pub(super) hyperparameters: Hyperparameters,
    pub(super) storage: Storage,
    pub(super) pool: Pool,
    pub(super) ledger: Vec<Entry>,
    pub(super) beacon: Beacon,
    pub(super) block_time_ms: u64,
    /// Included, and not yet final: the block and whom to tell.
    pub(super) unfinalized: Vec<(u64, Waiting)>,
    /// Senders of lost extrinsics, who are kept waiting.
    pub(super) forgotten: Vec<Watcher>,
    ancestry: Ancestry,
    finality_lag: u64,
    /// From the start block on, without gaps.
    blocks: Vec<Block>,
    numbers: HashMap<Hash, u64>,
    /// How often the chain has gone another way.
    pub(super) forks: u64,
    /// Each with the first block in which it is in force.
    runtimes: Vec<(u64, Arc<Runtime>)>,
}

impl State {
    /// A chain whose first block is made at `now`, in milliseconds.
    pub(super) fn new(config: &Config, now: u64) -> Self {
        let block_time_ms = u64::try_from(config.block_time.as_millis()).unwrap_or(u64::MAX);
        let mut state = Self {
            subnet: Subnet {
                scheme: config.scheme,
                netuid: config.netuid,
            },
            hyperparameters: config.hyperparameters,
            storage: Storage::default(),
            pool: Pool::default(),
            ledger: Vec::new(),
            beacon: Beacon::new(config.genesis_seed, now),
            block_time_ms,
            unfinalized: Vec::new(),
            forgotten: Vec::new(),
            ancestry: Ancestry {
                seed: config.genesis_seed,
            },
            finality_lag: config.finality_lag,
            blocks: Vec::new(),
            numbers: HashMap::new(),
            forks: 0,
            runtimes: vec![(0, Arc::new(Runtime::new(config.scheme, 0, block_time_ms)))],
        };
        state.subnet.found(
            &mut state.storage,
            &config.hyperparameters,
            &config.neurons,
            config.start_block.saturating_sub(1),
        );
        if config.scheme == CommitScheme::Timelocked {
            state.start_beacon();
        }
        state.produce_first(config.start_block, now);
        state
    }

    pub(super) fn start_beacon(&mut self) {
        let configuration = self.beacon.configuration();
        items::BEACON_CONFIG.put(&mut self.storage, (), &configuration);
    }

    pub(super) fn best(&self) -> &Block {
        self.blocks
            .last()
            .expect("the first block is made with the state")
    }

    /// `None` before the first block, whose parent was never produced.
    pub(super) fn parent(&self) -> Option<&Block> {
        self.blocks.last()
    }

    pub(super) fn push(&mut self, block: Block) {
        self.numbers.insert(block.hash, block.number);
        self.blocks.push(block);
    }

    /// Takes the newest block away.
    pub(super) fn pop(&mut self) -> Option<Block> {
        let block = self.blocks.pop()?;
        self.numbers.remove(&block.hash);
        Some(block)
    }

    pub(super) fn start(&self) -> u64 {
        self.blocks.first().map_or(0, |block| block.number)
    }

    /// The finalized head when `best` is the best one.
    pub(super) fn finalized_under(&self, best: u64) -> u64 {
        best.saturating_sub(self.finality_lag).max(self.start())
    }

    pub(super) fn block(&self, number: u64) -> Option<&Block> {
        let place = usize::try_from(number.checked_sub(self.start())?).ok()?;
        self.blocks.get(place)
    }

    /// `None`: not produced yet.
    pub(super) fn hash_at(&self, number: u64) -> Option<Hash> {
        match self.block(number) {
            Some(block) => Some(block.hash),
            None => (number < self.start()).then(|| self.ancestry.hash(number)),
        }
    }

    pub(super) fn genesis(&self) -> Hash {
        self.hash_at(0).unwrap_or_else(|| self.ancestry.hash(0))
    }

    /// `None`: no block of this chain.
    pub(super) fn number_of(&self, hash: &Hash) -> Option<u64> {
        let earlier = || {
            let number = self.ancestry.number(hash)?;
            (number < self.start()).then_some(number)
        };
        self.numbers.get(hash).copied().or_else(earlier)
    }

    pub(super) fn header(&self, number: u64) -> Header {
        match self.block(number) {
            Some(block) => block.header.clone(),
            None => self.ancestry.header(number),
        }
    }

    pub(super) fn ancestor(&self, number: u64) -> Hash {
        self.ancestry.hash(number)
    }

    pub(super) fn is_readable(&self, number: u64) -> bool {
        number >= self.start() && number + STATES_KEPT > self.best().number
    }

    pub(super) fn runtime_at(&self, number: u64) -> &Arc<Runtime> {
        let in_force = self.runtimes.iter().rev().find(|(from, _)| *from <= number);
        let (_, runtime) = in_force.unwrap_or(&self.runtimes[0]);
        runtime
    }

    /// Puts another runtime in force, from the next block on.
    pub(super) fn upgrade(&mut self, scheme: CommitScheme) {
        let upgrades = u32::try_from(self.runtimes.len()).unwrap_or(u32::MAX);
        let runtime = Runtime::new(scheme, upgrades, self.block_time_ms);
        self.runtimes
            .push((self.best().number + 1, Arc::new(runtime)));
        self.subnet = self.subnet.migrate(&mut self.storage, scheme);
        let hyperparameters = self.hyperparameters;
        self.subnet
            .set_hyperparameters(&mut self.storage, &hyperparameters);
        if scheme == CommitScheme::Timelocked {
            self.start_beacon();
        }
    }

    pub(super) fn nonce_at(&self, number: u64, account: AccountId32) -> u32 {
        let value = self
            .storage
            .get_at(number, &items::ACCOUNT.key(&(account,)));
        let account = value.and_then(|mut bytes| AccountInfo::decode(&mut bytes).ok());
        account.unwrap_or_default().nonce
    }

    /// The nonce that the chain expects next from an account.
    pub(super) fn nonce(&self, account: AccountId32) -> u32 {
        items::ACCOUNT.get(&self.storage, (account,)).nonce
    }
}
