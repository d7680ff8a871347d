//! What a devnet chain is at its first block: its generation, one subnet and how blocks come.
//! Defaults are those of the main network, except that any number of weights will do.

use std::net::SocketAddr;
use std::time::Duration;

use crate::keys::Hotkey;

/// How the runtime takes weights; each stands for a generation of Subtensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitScheme {
    /// Plain weights only, as spec 143.
    Off,
    /// Hash commits, one at a time, revealed in the next interval of blocks, as spec 185.
    BlockIntervals,
    /// Hash commits, ten at a time, revealed epochs later, as spec 218.
    Epochs,
    /// Hash commits as before and timelocked ones that the chain opens, as spec 346.
    Timelocked,
}

impl CommitScheme {
    pub const ALL: [Self; 4] = [
        Self::Off,
        Self::BlockIntervals,
        Self::Epochs,
        Self::Timelocked,
    ];
}

/// When the next block comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Production {
    /// Every `block_time`.
    Timed,
    /// When `Node::produce_block` is called.
    Manual,
    /// As soon as an extrinsic is in the pool, with as many more as it takes to finalize it.
    PerExtrinsic,
}

#[derive(Debug, Clone)]
pub struct Config {
    pub scheme: CommitScheme,
    pub netuid: u16,
    pub hyperparameters: Hyperparameters,
    /// In the order of their uids.
    pub neurons: Vec<Neuron>,
    pub production: Production,
    /// From 50 ms on; 12 s on the main network.
    pub block_time: Duration,
    /// The first block with state. Earlier blocks have hashes and headers and nothing else.
    pub start_block: u64,
    /// How many blocks the finalized head is behind the best one.
    pub finality_lag: u64,
    /// Two chains with different seeds have different hashes from genesis on.
    pub genesis_seed: u64,
    /// On 127.0.0.1; 0 takes any free one.
    pub port: u16,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            scheme: CommitScheme::Timelocked,
            netuid: 12,
            hyperparameters: Hyperparameters::default(),
            neurons: Vec::new(),
            production: Production::Timed,
            block_time: Duration::from_secs(12),
            start_block: 1_000_000,
            finality_lag: 2,
            genesis_seed: 0,
            port: 0,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hyperparameters {
    /// An epoch has one block more than this.
    pub tempo: u16,
    pub min_allowed_weights: u16,
    /// The largest share of one uid, of 65535; 65535 means no limit.
    pub max_weight_limit: u16,
    pub weights_version_key: u64,
    /// Blocks between two writes of weights by one neuron.
    pub weights_rate_limit: u64,
    pub commit_reveal_enabled: bool,
    /// Blocks of one interval, where windows are counted in blocks.
    pub commit_reveal_interval: u64,
    /// Epochs from commit to reveal, where windows are counted in epochs.
    pub reveal_period_epochs: u64,
    /// Stake that writing weights takes.
    pub stake_threshold_tao: u64,
}

impl Default for Hyperparameters {
    fn default() -> Self {
        Self {
            tempo: 360,
            min_allowed_weights: 1,
            max_weight_limit: u16::MAX,
            weights_version_key: 0,
            weights_rate_limit: 100,
            commit_reveal_enabled: true,
            commit_reveal_interval: 1000,
            reveal_period_epochs: 1,
            stake_threshold_tao: 1000,
        }
    }
}

/// A hotkey with a uid, as it stands at the first block.
#[derive(Debug, Clone)]
pub struct Neuron {
    pub hotkey: Hotkey,
    pub coldkey: Hotkey,
    /// All of it on this subnet. Runtimes with dTAO hold the same number as alpha.
    pub stake_tao: u64,
    pub axon: Option<SocketAddr>,
    /// Stays as set: no epoch hands permits out anew.
    pub validator_permit: bool,
}
