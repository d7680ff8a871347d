//! A running node: started from a configuration, changed and read from outside, stopped when it
//! is dropped. It has a runtime of its own, so that it goes on while its owner waits.

use std::io::{Error, Result};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jsonrpsee::server::{Server, ServerHandle};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::MissedTickBehavior;

use super::chain::Chain;
use super::ledger::{Commit, Entry};
use super::types::AccountId32;
use super::{CommitScheme, Config, Faults, Hyperparameters, Neuron, Orphans, Production};
use super::{commits, gate, items, rpc, timelocked, weights};
use crate::keys::Hotkey;

pub struct Node {
    chain: Arc<Chain>,
    address: SocketAddr,
    /// The server stops when this is dropped.
    _server: ServerHandle,
    /// Only taken on drop.
    runtime: Option<Runtime>,
}

impl Node {
    /// # Errors
    /// When the port is taken or the system gives no threads.
    pub fn start(config: Config) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("devnet-node")
            .enable_all()
            .build()?;
        let chain = Arc::new(Chain::new(&config));
        let methods = rpc::methods(Arc::clone(&chain)).map_err(Error::other)?;
        // sockets and tasks belong to the runtime that is current when they are made; to wait for
        // it would not be allowed inside of another one
        let current = runtime.enter();
        let listener = TcpListener::from_std(bound(config.port)?)?;
        let server = Server::builder().build_from_tcp(bound(0)?)?;
        let address = listener.local_addr()?;
        let behind = server.local_addr()?;
        let server = server.start(methods);
        runtime.spawn(gate::open(listener, behind, Arc::clone(&chain)));
        drop(current);
        if config.production == Production::Timed {
            runtime.spawn(produce(Arc::clone(&chain), config.block_time));
        }
        Ok(Self {
            chain,
            address,
            _server: server,
            runtime: Some(runtime),
        })
    }

    /// For clients, such as `ws://127.0.0.1:41234`.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Number of the best block.
    pub fn block(&self) -> u64 {
        self.chain.state().best().number
    }

    /// Hash of the first block that the chain claims to have begun with.
    pub fn genesis_hash(&self) -> [u8; 32] {
        self.chain.state().genesis()
    }

    /// Makes a block whatever the configuration says, and returns its number.
    pub fn produce_block(&self) -> u64 {
        self.chain.produce_block()
    }

    pub fn produce_blocks(&self, count: u64) -> u64 {
        (0..count).fold(self.block(), |_, _| self.produce_block())
    }

    /// Makes blocks until `block` is the best one; none if the chain is there already.
    pub fn produce_to(&self, block: u64) {
        self.produce_blocks(block.saturating_sub(self.block()));
    }

    /// How many extrinsics wait for a block.
    pub fn pending(&self) -> usize {
        self.chain.state().pool.all().count()
    }

    /// Changes what is wrong with the node, at once.
    pub fn fault(&self, change: impl FnOnce(&mut Faults)) {
        self.chain.faults().send_modify(change);
    }

    /// Breaks every connection that is open now; new ones are taken.
    pub fn cut_connections(&self) {
        self.chain.cut_connections();
    }

    /// Undoes the newest blocks, as far as they are not final, and makes as many others.
    pub fn reorganise(&self, blocks: u64, orphans: Orphans) {
        let undone = self.chain.state().undo(blocks, orphans);
        self.produce_blocks(undone);
    }

    /// The runtime of another generation, with a new version, from the next block on.
    pub fn upgrade(&self, scheme: CommitScheme) {
        self.chain.state().upgrade(scheme);
    }
}

/// Changes from outside. They can be read from the next block on.
impl Node {
    pub fn set_hyperparameters(&self, change: impl FnOnce(&mut Hyperparameters)) {
        let state = &mut *self.chain.state();
        change(&mut state.hyperparameters);
        state
            .subnet
            .set_hyperparameters(&mut state.storage, &state.hyperparameters);
    }

    pub fn set_stake(&self, hotkey: &Hotkey, tao: u64) {
        let state = &mut *self.chain.state();
        state
            .subnet
            .set_stake(&mut state.storage, hotkey.into(), tao);
    }

    pub fn set_permit(&self, uid: u16, permitted: bool) {
        let state = &mut *self.chain.state();
        state.subnet.set_permit(&mut state.storage, uid, permitted);
    }

    pub fn set_axon(&self, hotkey: &Hotkey, axon: Option<SocketAddr>) {
        let state = &mut *self.chain.state();
        let block = state.best().number + 1;
        state
            .subnet
            .set_axon(&mut state.storage, hotkey.into(), axon, block);
    }

    /// Gives `uid` to another neuron, or a new uid if it is the next one.
    pub fn register(&self, uid: u16, neuron: &Neuron) {
        let state = &mut *self.chain.state();
        let block = state.best().number + 1;
        state
            .subnet
            .register(&mut state.storage, uid, neuron, block);
    }

    /// The hotkey loses its uid to a stranger.
    pub fn deregister(&self, hotkey: &Hotkey) {
        let state = &mut *self.chain.state();
        let block = state.best().number + 1;
        state
            .subnet
            .deregister(&mut state.storage, hotkey.into(), block);
    }
}

/// The truth, for whoever checks what clients did.
impl Node {
    /// Every extrinsic that was submitted, in the order in which its fate was decided.
    pub fn ledger(&self) -> Vec<Entry> {
        self.chain.state().ledger.clone()
    }

    pub fn uid_of(&self, hotkey: &Hotkey) -> Option<u16> {
        let state = self.chain.state();
        items::UIDS.find(&state.storage, (state.subnet.netuid, hotkey.into()))
    }

    /// Weights in force, as (uid, weight).
    pub fn weights_of(&self, uid: u16) -> Vec<(u16, u16)> {
        let state = self.chain.state();
        items::WEIGHTS.get(&state.storage, (state.subnet.netuid, uid))
    }

    /// Block of the last write of weights, of a commit, or of the registration; 0 for never.
    pub fn last_update_of(&self, uid: u16) -> u64 {
        let state = self.chain.state();
        weights::last_update(&state.storage, state.subnet.netuid, uid)
    }

    /// Commits that are not revealed yet, oldest first.
    pub fn commits_of(&self, hotkey: &Hotkey) -> Vec<Commit> {
        let state = self.chain.state();
        let account = AccountId32::from(hotkey);
        let mut open = commits::open_of(&state.storage, state.subnet, account);
        open.extend(timelocked::open_of(&state.storage, account));
        open
    }

    /// Milliseconds since 1970 in the newest block.
    pub fn time(&self) -> u64 {
        items::NOW.get(&self.chain.state().storage, ())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // does not wait, so that a node may be dropped inside of another runtime
            runtime.shutdown_background();
        }
    }
}

fn bound(port: u16) -> Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

async fn produce(chain: Arc<Chain>, block_time: Duration) {
    const SHORTEST: Duration = Duration::from_millis(50);
    let mut ticks = tokio::time::interval(block_time.max(SHORTEST));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        if !chain.faults().borrow().stalled {
            chain.produce_block();
        }
    }
}
