//! A subnet of honest and hostile miners, and what a batch makes of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::miner::{Miner, MinerConfig};
use horde_validator::devnet::node::{CommitScheme, Neuron, Node};
use horde_validator::scoring::{HordeScore, JobScore, batch_scores};
use horde_validator::wire::ExecutorClass;
use rusqlite::Connection;
use tokio::runtime::Runtime;

use super::kind::Kind;
use super::measured::Measured;
use super::server::Hostile;
use crate::host::{self, FIRST_MINER, Host, VALIDATOR};

/// Its executors have two seconds to become ready, which is the least of all classes.
pub(super) const CLASS: ExecutorClass = ExecutorClass::AlwaysOnGpu24Gb;

/// Of the honest miners: on one with hostile ones they would wait for those to say 49 MiB, as no
/// miner on a machine of its own does, and be late.
static HONEST: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// Who takes part, and under which uids: first the honest, then the others.
pub(super) struct Scene {
    pub(super) host: Host,
    pub(super) node: Node,
    pub(super) honest: Arc<Vec<Miner>>,
    kinds: Vec<Kind>,
    _hostile: Vec<Hostile>,
    _devnet: Vec<Miner>,
}

/// The miner at this place, whose uid is two more.
pub(super) fn account(place: usize) -> Account {
    Account::miner(usize::from(FIRST_MINER) + place)
}

/// A chain with a miner at each place, which serves there or does not.
pub(super) fn chain_with(axons: Vec<Option<SocketAddr>>) -> Node {
    let mut config = host::chain(CommitScheme::Off);
    config.neurons.truncate(usize::from(FIRST_MINER));
    let miners = axons.into_iter().enumerate().map(|(place, axon)| Neuron {
        axon,
        hotkey: account(place).hotkey(),
        ..host::miner(0)
    });
    config.neurons.extend(miners);
    host::start(config)
}

/// Everything about one job that a batch decides, floats by their bits.
pub(super) type Row = (String, bool, u64, Option<u64>);

impl Scene {
    /// `present`: whether the hostile miners serve. Their hotkeys are registered either way.
    pub(super) async fn new(honest: usize, kinds: &[Kind], present: bool, scale: f64) -> Self {
        let config = |place| {
            let executors = 1 + i64::try_from(place % 2).expect("small");
            MinerConfig::new(account(place).keypair(), vec![(CLASS, executors)])
        };
        let start = |config| Miner::start(config).expect("a free port");
        let miners: Vec<Miner> = {
            let _runtime = HONEST.enter();
            (0..honest).map(|place| start(config(place))).collect()
        };
        let miners = Arc::new(miners);
        let mut axons: Vec<_> = miners.iter().map(|miner| Some(miner.address())).collect();
        let (mut hostile, mut devnet) = (Vec::new(), Vec::new());
        for (place, kind) in (honest..).zip(kinds) {
            axons.push(match kind {
                _ if !present => None,
                Kind::Behaves(behaviour) => {
                    devnet.push(start(config(place).behaving(behaviour.clone())));
                    devnet.last().map(Miner::address)
                }
                kind => {
                    hostile.push(Hostile::start(kind.clone(), miners.clone()).await);
                    hostile.last().map(|one| one.address)
                }
            });
        }
        let node = chain_with(axons);
        let mut host = Host::on(&node);
        host.set("DEBUG_BATCH_TIME_SCALE", scale);
        host.set("DEBUG_HASH_JOB", "1,0,1");
        // the version under which a score does not depend on how fast an answer came
        host.pin("DYNAMIC_WEIGHTS_VERSION", 4);
        Self {
            host,
            node,
            honest: miners,
            kinds: kinds.to_vec(),
            _hostile: hostile,
            _devnet: devnet,
        }
    }

    pub(super) async fn run_batch(&self) -> Measured {
        Measured::of(&self.host, &["run-synthetic", "--now"]).await
    }

    /// The hostile miners and their kinds.
    pub(super) fn hostile(&self) -> impl Iterator<Item = (String, &Kind)> {
        let kinds = (self.honest.len()..).zip(&self.kinds);
        kinds.map(|(place, kind)| (account(place).hotkey().to_string(), kind))
    }

    pub(super) fn is_honest(&self, hotkey: &str) -> bool {
        let mut honest = self.honest.iter();
        honest.any(|miner| miner.hotkey().to_string() == hotkey)
    }

    /// The jobs of each miner that has any, in an order of their own.
    pub(super) fn jobs(&self) -> BTreeMap<String, Vec<Row>> {
        let db = Connection::open(self.host.database()).expect("a database");
        let sql = "SELECT hotkey, executor_class, status, score, multiplier FROM jobs
                   ORDER BY hotkey, executor_class, score, multiplier";
        let mut statement = db.prepare(sql).expect("a statement");
        let mut rows = statement.query([]).expect("rows");
        let mut jobs: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        while let Some(row) = rows.next().expect("a row") {
            let status: String = row.get(2).expect("text");
            let score: f64 = row.get(3).expect("a number");
            let multiplier: Option<f64> = row.get(4).expect("a number");
            let class = row.get(1).expect("text");
            let multiplier = multiplier.map(f64::to_bits);
            let row_of_job = (class, status == "COMPLETED", score.to_bits(), multiplier);
            let hotkey = row.get(0).expect("text");
            jobs.entry(hotkey).or_default().push(row_of_job);
        }
        jobs
    }

    /// What the validator noted of each job, with the hotkey of its miner.
    pub(super) fn comments(&self) -> Vec<(String, String)> {
        let db = Connection::open(self.host.database()).expect("a database");
        let sql = "SELECT hotkey, comment FROM jobs ORDER BY hotkey";
        let mut statement = db.prepare(sql).expect("a statement");
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        let comments: Result<_, _> = rows.expect("rows").collect();
        comments.expect("texts")
    }

    /// The scores of all miners that come to more than 0, from which weights are made, by their
    /// bits.
    pub(super) fn scores(&self) -> BTreeMap<String, u64> {
        let jobs = self.jobs();
        let jobs = jobs.iter().flat_map(|(hotkey, rows)| {
            rows.iter().map(|(class, _, score, _)| JobScore {
                hotkey,
                class: class.parse().expect("a class"),
                score: f64::from_bits(*score),
            })
        });
        let class_weights = BTreeMap::from([(CLASS, 100.0)]);
        let scores = batch_scores(jobs, &class_weights, &HordeScore::default());
        let scores = scores.expect("finite").into_iter();
        let earned = scores.filter(|(_, score)| *score > 0.0);
        earned
            .map(|(hotkey, score)| (hotkey, score.to_bits()))
            .collect()
    }

    /// Lets the cycle end and has weights set: those on the chain.
    pub(super) async fn weights(&self) -> Vec<(u16, u16)> {
        let batches = self.host.store().last_batches(1).expect("readable");
        let over = u64::try_from(batches[0].plan.cycle_stop).expect("a height") + 1;
        self.node.produce_to(over);
        Measured::of(&self.host, &["set-weights"]).await;
        let mut weights = self.node.weights_of(VALIDATOR);
        weights.retain(|(_, weight)| *weight > 0);
        weights.sort_unstable();
        weights
    }
}
