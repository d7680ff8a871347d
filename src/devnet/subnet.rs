//! A node, its miners and a facilitator on loopback, with a wallet and a database made for them:
//! everything that `horde` needs to run against a subnet of its own.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use chrono::Utc;
use serde_json::{Value, json};

use super::accounts::Account;
use super::bucket::{BucketConfig, BucketServer};
use super::cast::Character;
use super::facilitator::{Facilitator, FacilitatorConfig};
use super::miner::{Miner, MinerConfig};
use super::node::{CommitScheme, Config, Hyperparameters, Neuron, Node};
use crate::params::Source;
use crate::schedule::cycle_containing;
use crate::store::{Store, StoreError};
use crate::wire::ExecutorClass;

/// The class of most executors here: it needs no minutes to spin up.
pub(super) const CLASS: ExecutorClass = ExecutorClass::AlwaysOnGpu24Gb;
const LLM: ExecutorClass = ExecutorClass::AlwaysOnLlmA6000;
/// No neuron has this number.
const TRUSTED_MINER: usize = 0;
/// Names below the wallet directory.
const WALLET: &str = "devnet";
const HOTKEY: &str = "default";
const NETUID: u16 = 12;
/// Of prompts and of answers.
const BUCKETS: [&str; 2] = ["devnet-prompts", "devnet-answers"];
/// Of backups; nobody but the validator can read it.
const BACKUPS: &str = "devnet-backups";
/// The uid of our validator; after it comes another one, then the miners.
const VALIDATOR: u16 = 0;
const FIRST_MINER: u16 = 2;
/// The chain begins soon after it: it is to look as old as a real one.
const SOME_BLOCK: i64 = 1_000_000;
/// Stake of each validator, in TAO.
const STAKE: u64 = 10_000;

/// What the subnet is to be like.
#[derive(Clone, Debug)]
pub struct Plan {
    /// For the wallet and the database; it must exist.
    pub folder: PathBuf,
    pub scheme: CommitScheme,
    pub block_time: Duration,
    /// An epoch has one block more than this, a cycle has two epochs.
    pub tempo: u16,
    pub characters: Vec<Character>,
    /// Of the node; 0 takes any free one.
    pub port: u16,
    /// Factor on the time limits of a batch.
    pub time_scale: f64,
}

/// One miner of the subnet.
pub struct Inhabitant {
    pub character: Character,
    pub uid: u16,
    pub miner: Miner,
}

/// A running subnet; it ends when this is dropped.
pub struct Subnet {
    pub node: Node,
    pub inhabitants: Vec<Inhabitant>,
    /// Makes prompts and known answers; it is not on the subnet.
    pub trusted_miner: Miner,
    /// Where users' jobs come from; also stats collector and published parameters.
    pub facilitator: Facilitator,
    /// Of prompts and answers; both are made and can be read by everybody.
    pub buckets: BucketServer,
    plan: Plan,
}

#[derive(Debug, thiserror::Error)]
pub enum SubnetError {
    #[error("the local subnet cannot be started")]
    Io(#[from] io::Error),
    #[error("the database of the local subnet cannot be made")]
    Store(#[from] StoreError),
}

impl Subnet {
    /// Starts node, miners and facilitator, and writes wallet and database. Inside of a tokio
    /// runtime.
    pub fn start(plan: Plan) -> Result<Self, SubnetError> {
        let validator = Account::validator();
        let coldkey = Account::validator_coldkey().hotkey();
        validator.write_wallet(&plan.folder.join("wallets"), WALLET, HOTKEY, &coldkey)?;
        let mut inhabitants = Vec::new();
        for (uid, character) in (FIRST_MINER..).zip(plan.characters.clone()) {
            let keypair = Account::miner(uid.into()).keypair();
            let config = MinerConfig::new(keypair, vec![(character.class, character.executors)])
                .behaving(character.behaviour.clone());
            inhabitants.push(Inhabitant {
                uid,
                miner: Miner::start(config)?,
                character,
            });
        }
        let trusted = Account::miner(TRUSTED_MINER).keypair();
        let node = Node::start(config(&plan, &inhabitants))?;
        let subnet = Self {
            node,
            inhabitants,
            trusted_miner: Miner::start(MinerConfig::new(trusted, vec![(LLM, 1)]))?,
            facilitator: Facilitator::start(FacilitatorConfig {
                allowed: vec![validator.hotkey(), Account::other_validator().hotkey()],
                ..FacilitatorConfig::default()
            })?,
            buckets: BucketServer::start(BucketConfig::default())?,
            plan,
        };
        for name in BUCKETS {
            let name = name.parse().expect("a bucket's name");
            subnet.buckets.make_public(&name);
        }
        let backups = BACKUPS.parse().expect("a bucket's name");
        subnet.buckets.make_private(&backups);
        subnet.make_database()?;
        Ok(subnet)
    }

    /// Weights of our validator that are in force, as (uid, weight).
    pub fn weights(&self) -> Vec<(u16, u16)> {
        self.node.weights_of(VALIDATOR)
    }

    /// The settings with which `horde` runs against this subnet.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.plan.folder.join(name).display().to_string();
        let mut settings = vec![
            ("HORDE_DB", path("horde.db")),
            ("BITTENSOR_NETWORK", self.node.url()),
            ("BITTENSOR_NETUID", NETUID.to_string()),
            ("BITTENSOR_WALLET_DIRECTORY", path("wallets")),
            ("BITTENSOR_WALLET_NAME", WALLET.to_owned()),
            ("BITTENSOR_WALLET_HOTKEY_NAME", HOTKEY.to_owned()),
            (
                "SYNTHETIC_JOBS_RUN_OFFSET",
                scaled(24, self.plan.tempo).to_string(),
            ),
            ("FACILITATOR_URI", self.facilitator.url()),
            (
                "STATS_COLLECTOR_URL",
                self.facilitator.stats_collector_url(),
            ),
            ("DYNAMIC_CONFIG_URL", self.facilitator.dynamic_config_url()),
            ("DEBUG_HASH_JOB", "1,1,2".to_owned()),
            ("DEBUG_BATCH_TIME_SCALE", self.plan.time_scale.to_string()),
        ];
        settings.extend(self.buckets.environment());
        let [prompts, answers] = BUCKETS.map(str::to_owned);
        settings.push(("S3_BUCKET_NAME_PROMPTS", prompts));
        settings.push(("S3_BUCKET_NAME_ANSWERS", answers));
        settings.push(("BACKUP_DIRECTORY", path("backups")));
        settings.push(("BACKUP_S3_BUCKET_NAME", BACKUPS.to_owned()));
        let (hotkey, address) = (self.trusted_miner.hotkey(), self.trusted_miner.address());
        settings.push(("TRUSTED_MINER_KEY", hotkey.to_string()));
        settings.push(("TRUSTED_MINER_ADDRESS", address.ip().to_string()));
        settings.push(("TRUSTED_MINER_PORT", address.port().to_string()));
        settings
    }

    fn make_database(&self) -> Result<(), StoreError> {
        let mut store = Store::open_or_create(&self.plan.folder.join("horde.db"))?;
        for (name, value) in pins(self.plan.tempo) {
            store.store_param(name, Source::Pinned, &value, Utc::now())?;
        }
        Ok(())
    }
}

fn config(plan: &Plan, inhabitants: &[Inhabitant]) -> Config {
    let validator = |account: Account, stake_tao| Neuron {
        hotkey: account.hotkey(),
        coldkey: Account::validator_coldkey().hotkey(),
        stake_tao,
        axon: None,
        validator_permit: true,
    };
    let miner = |one: &Inhabitant| Neuron {
        hotkey: one.miner.hotkey(),
        coldkey: Account::miners_coldkey().hotkey(),
        stake_tao: 0,
        axon: Some(one.miner.address()),
        validator_permit: false,
    };
    let mut neurons = vec![
        validator(Account::validator(), STAKE),
        // it only holds its place in the cycle
        validator(Account::other_validator(), STAKE),
    ];
    neurons.extend(inhabitants.iter().map(miner));
    let epoch = u64::from(plan.tempo) + 1;
    // with the first block of a cycle, so that the first batch can be planned at once
    let cycle = cycle_containing(SOME_BLOCK, NETUID, plan.tempo);
    Config {
        netuid: NETUID,
        start_block: u64::try_from(cycle.stop).unwrap_or_default(),
        scheme: plan.scheme,
        neurons,
        block_time: plan.block_time,
        port: plan.port,
        hyperparameters: Hyperparameters {
            tempo: plan.tempo,
            commit_reveal_enabled: plan.scheme != CommitScheme::Off,
            commit_reveal_interval: 2 * epoch,
            weights_rate_limit: scaled(100, plan.tempo),
            ..Hyperparameters::default()
        },
        ..Config::default()
    }
}

/// The parameters that make windows fit the tempo, and let all rules be seen.
fn pins(tempo: u16) -> Vec<(&'static str, Value)> {
    let epoch = u64::from(tempo) + 1;
    vec![
        ("DYNAMIC_WEIGHTS_VERSION", json!(4)),
        (
            "DYNAMIC_EXECUTOR_CLASS_WEIGHTS",
            json!(format!("{CLASS}=90,{LLM}=10")),
        ),
        (
            "DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS",
            json!(format!("{CLASS}=8,{LLM}=2")),
        ),
        ("DYNAMIC_COMMIT_REVEAL_WEIGHTS_INTERVAL", json!(2 * epoch)),
        ("DYNAMIC_COMMIT_REVEAL_COMMIT_START_OFFSET", json!(epoch)),
        (
            "DYNAMIC_COMMIT_REVEAL_COMMIT_END_BUFFER",
            json!(commit_end_buffer(tempo)),
        ),
        (
            "DYNAMIC_COMMIT_REVEAL_REVEAL_END_BUFFER",
            json!(scaled(15, tempo)),
        ),
        // one generation is enough, and two workloads fill the store
        ("DYNAMIC_MAX_PROMPT_SERIES", json!(24)),
        ("DYNAMIC_PROMPTS_SERIES_IN_A_SINGLE_GENERATION", json!(24)),
        ("DYNAMIC_NUMBER_OF_PROMPTS_IN_SERIES", json!(12)),
        ("DYNAMIC_TARGET_NUMBER_OF_PROMPT_SAMPLES_READY", json!(12)),
        ("DYNAMIC_NUMBER_OF_PROMPTS_PER_WORKLOAD", json!(6)),
    ]
}

/// A cycle ends a few blocks before an interval does. As on the main network the window is closed
/// by then: a pass would have to hit what is left of it, and weights wait for the next one.
fn commit_end_buffer(tempo: u16) -> u64 {
    let interval = 2 * (i64::from(tempo) + 1);
    let cycle = cycle_containing(SOME_BLOCK, NETUID, tempo);
    let left = u64::try_from(interval - cycle.stop.rem_euclid(interval)).unwrap_or_default();
    match left < u64::from(tempo) / 4 {
        true => left + 1,
        false => scaled(15, tempo),
    }
}

/// A number of blocks that is `blocks` at the main network's tempo of 360.
fn scaled(blocks: u64, tempo: u16) -> u64 {
    (blocks * u64::from(tempo) / 360).max(1)
}
