//! A machine for one test: a folder with wallet, database and settings, and the real `horde`,
//! which sees nothing else of the world. Also the chain that it speaks to, with our validator.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use chrono::Utc;
use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::node::{
    CommitScheme, Config, Hyperparameters, Neuron, Node, Production,
};
use horde_validator::params::Source;
use horde_validator::pass::{Frame, Progress};
use horde_validator::settings::Environment;
use horde_validator::store::{
    BatchId, BatchPlan, BatchRecord, EventRow, JobRow, ManifestRow, MinerRow, Store, WeightsRow,
};
use horde_validator::wire::ExecutorClass;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// The uid of our validator.
pub(crate) const VALIDATOR: u16 = 0;
/// After it comes another validator, then the miners.
pub(crate) const FIRST_MINER: u16 = 2;
const LAST_MINER: u16 = 5;
/// Blocks of a cycle on the chains here, which is also one interval of the commit windows.
pub(crate) const CYCLE: u64 = 40;
/// The first block of every chain here; a commit window interval begins with it.
pub(crate) const START: u64 = 1_000_000;
/// Where in an interval weights may be committed, from its start.
pub(crate) const COMMIT_WINDOW: std::ops::Range<u64> = 20..38;

pub(crate) struct Host {
    folder: tempfile::TempDir,
    settings: BTreeMap<&'static str, String>,
}

impl Host {
    /// Has a wallet, and neither a network nor a database.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        // hides the settings that this machine may have in /etc
        std::fs::write(folder.path().join(".env"), "").expect("a file");
        let mut host = Self {
            folder,
            settings: BTreeMap::new(),
        };
        host.set("HOME", host.path("").display());
        host.set("NO_COLOR", "1");
        host.set("HORDE_DB", host.database().display());
        host.set("BITTENSOR_NETUID", Config::default().netuid);
        host.set("BITTENSOR_WALLET_DIRECTORY", host.path("wallets").display());
        host.set("BITTENSOR_WALLET_NAME", "test");
        host.set("BITTENSOR_WALLET_HOTKEY_NAME", "default");
        host.write_wallet();
        host
    }

    /// Speaks to this node, and has a database.
    pub(crate) fn on(node: &Node) -> Self {
        let mut host = Self::new();
        host.set("BITTENSOR_NETWORK", node.url());
        drop(Store::open_or_create(&host.database()).expect("a database"));
        let window = COMMIT_WINDOW;
        host.pin("DYNAMIC_COMMIT_REVEAL_WEIGHTS_INTERVAL", CYCLE);
        host.pin("DYNAMIC_COMMIT_REVEAL_COMMIT_START_OFFSET", window.start);
        host.pin(
            "DYNAMIC_COMMIT_REVEAL_COMMIT_END_BUFFER",
            CYCLE - window.end,
        );
        host
    }

    /// Fixes a dynamic parameter.
    pub(crate) fn pin(&self, name: &str, value: u64) {
        let mut store = self.store();
        store
            .store_param(name, Source::Pinned, &json!(value), Utc::now())
            .expect("kept");
    }

    fn write_wallet(&self) {
        let coldkey = Account::validator_coldkey().hotkey();
        Account::validator()
            .write_wallet(&self.path("wallets"), "test", "default", &coldkey)
            .expect("a wallet");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path("horde.db")
    }

    pub(crate) fn hotkey_file(&self) -> PathBuf {
        self.path("wallets/test/hotkeys/default")
    }

    pub(crate) fn set(&mut self, name: &'static str, value: impl ToString) {
        self.settings.insert(name, value.to_string());
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.settings.remove(name);
    }

    /// For tests that start the program in a way of their own.
    pub(crate) fn settings(&self) -> &BTreeMap<&'static str, String> {
        &self.settings
    }

    pub(crate) fn command(&self) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_horde"));
        command
            .env_clear()
            .envs(&self.settings)
            .current_dir(self.folder.path());
        command
    }

    /// For passes that a test runs without the program around them.
    pub(crate) fn frame(&self) -> Frame {
        // the first line of the program's main; a second time does nothing
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = self.settings.iter();
        let settings = settings.map(|(name, value)| (*name, value.clone()));
        Frame {
            environment: Environment::from_pairs(settings).expect("well-formed"),
            progress: Progress::hidden(),
            stop: CancellationToken::new(),
        }
    }

    pub(crate) fn horde(&self, arguments: &[&str]) -> Assert {
        Command::from_std(self.command())
            .args(arguments)
            .timeout(Duration::from_secs(60))
            .assert()
    }

    /// What a run with `--json` printed.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let run = self.horde(&[&["--json"], arguments].concat());
        let stdout = &run.get_output().stdout;
        serde_json::from_slice(stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(stdout)))
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(&self.database()).expect("a database")
    }

    /// The newest weights.
    pub(crate) fn weights(&self) -> WeightsRow {
        let mut rows = self.store().last_weights(1).expect("readable");
        rows.pop().expect("weights were decided")
    }

    pub(crate) fn events(&self) -> Vec<EventRow> {
        self.store().last_events(100).expect("readable")
    }

    /// Keeps a batch that ran in the newest block, in which each of these uids has this score,
    /// and lets its cycle end.
    pub(crate) fn finish_batch(&self, node: &Node, scores: &[(u16, f64)]) -> BatchId {
        let block = i64::try_from(node.block()).expect("a height");
        let length = i64::try_from(CYCLE).expect("small");
        let mut store = self.store();
        let plan = BatchPlan {
            cycle_start: block - length,
            cycle_stop: block,
            block,
        };
        let batch = store.start_batch_now(plan, Utc::now()).expect("kept");
        let record = record(batch, scores);
        store.keep_batch(&record).expect("kept");
        node.produce_block();
        batch
    }
}

fn record(batch: BatchId, scores: &[(u16, f64)]) -> BatchRecord {
    let hotkey = |uid: u16| Account::miner(uid.into()).hotkey().to_string();
    let address = || "127.0.0.1".to_owned();
    let class = ExecutorClass::DEFAULT.name();
    BatchRecord {
        batch,
        ended_at: Utc::now(),
        note: String::new(),
        telemetry: json!({}),
        miners: scores
            .iter()
            .map(|(uid, _)| MinerRow {
                hotkey: hotkey(*uid),
                address: address(),
                ip_version: 4,
                port: 1,
                manifest: Some(ManifestRow {
                    classes: BTreeMap::from([(class.to_owned(), 1)]),
                    online: 1,
                }),
                comment: String::new(),
            })
            .collect(),
        jobs: scores
            .iter()
            .map(|(uid, score)| JobRow {
                uuid: format!("{}-{uid}", batch.number()),
                hotkey: hotkey(*uid),
                address: address(),
                ip_version: 4,
                port: 1,
                executor_class: class.to_owned(),
                completed: true,
                correct: Some(true),
                comment: String::new(),
                description: String::new(),
                score: *score,
                multiplier: None,
                time_took_us: Some(1),
                times: BTreeMap::new(),
            })
            .collect(),
        samples: Vec::new(),
        receipts: Vec::new(),
        specs: Vec::new(),
        events: Vec::new(),
    }
}

/// A chain that makes a block and finalizes it whenever something is sent, and otherwise stands.
pub(crate) fn chain(scheme: CommitScheme) -> Config {
    let validator = |account: Account| Neuron {
        hotkey: account.hotkey(),
        coldkey: Account::validator_coldkey().hotkey(),
        stake_tao: 10_000,
        axon: None,
        validator_permit: true,
    };
    let mut neurons = vec![
        validator(Account::validator()),
        validator(Account::other_validator()),
    ];
    neurons.extend((FIRST_MINER..=LAST_MINER).map(miner));
    Config {
        scheme,
        neurons,
        start_block: START,
        production: Production::PerExtrinsic,
        block_time: Duration::from_secs(4),
        hyperparameters: Hyperparameters {
            tempo: 19,
            weights_rate_limit: 0,
            commit_reveal_interval: CYCLE,
            ..Hyperparameters::default()
        },
        ..Config::default()
    }
}

/// The neuron that holds this uid at first.
pub(crate) fn miner(uid: u16) -> Neuron {
    Neuron {
        hotkey: Account::miner(uid.into()).hotkey(),
        coldkey: Account::miners_coldkey().hotkey(),
        stake_tao: 0,
        axon: None,
        validator_permit: false,
    }
}

/// Starts a chain whose blocks, however many are made at once, say the time of the clock.
pub(crate) fn start(config: Config) -> Node {
    let step = match config.production {
        Production::Timed => Duration::ZERO,
        // blocks on demand are a block time apart, and would run ahead of the clock
        Production::Manual | Production::PerExtrinsic => config.block_time,
    };
    let node = Node::start(config).expect("a free port on loopback");
    node.fault(|faults| faults.clock_behind = step);
    node
}

/// Tries again and again until there is something; a test that waits in vain fails.
pub(crate) fn poll<T>(what: &str, limit: Duration, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::yield_now();
    }
}
