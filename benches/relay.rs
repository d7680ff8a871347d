//! What it costs to run many jobs of users at once: `horde relay-organic` as a process of its own,
//! between a facilitator and a miner in this one. Every job takes five seconds.
//!
//! `cargo bench --bench relay`, or with another number of jobs: `cargo bench --bench relay -- 100`

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::facilitator::{Facilitator, FacilitatorConfig, Ledger};
use horde_validator::devnet::miner::{Miner, MinerConfig};
use horde_validator::devnet::node::{Config, Neuron, Node};
use horde_validator::store::Store;
use horde_validator::wire::ExecutorClass;
use horde_validator::wire::facilitator::{JobRequestV0, JobStatus};
use serde_json::json;

const JOB_TAKES_MS: &str = "5000";
const PATIENCE: Duration = Duration::from_secs(120);

fn main() {
    let jobs = std::env::args().find_map(|text| text.parse().ok());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(run(jobs.unwrap_or(500)));
}

async fn run(jobs: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let class = ExecutorClass::AlwaysOnGpu24Gb;
    let miner = Miner::start(MinerConfig::new(
        Account::miner(2).keypair(),
        vec![(class, 1)],
    ))
    .expect("a free port");
    let neuron = |hotkey, axon| Neuron {
        hotkey,
        coldkey: Account::validator_coldkey().hotkey(),
        stake_tao: 10_000,
        axon,
        validator_permit: true,
    };
    let node = Node::start(Config {
        neurons: vec![
            neuron(Account::validator().hotkey(), None),
            neuron(miner.hotkey(), Some(miner.address())),
        ],
        ..Config::default()
    })
    .expect("a free port");
    let facilitator = Facilitator::start(FacilitatorConfig::default()).expect("a free port");
    let wallets = folder.path().join("wallets");
    Account::validator()
        .write_wallet(
            &wallets,
            "w",
            "default",
            &Account::validator_coldkey().hotkey(),
        )
        .expect("a wallet");
    drop(Store::open_or_create(&folder.path().join("horde.db")).expect("a database"));
    let mut relay = Command::new(env!("CARGO_BIN_EXE_horde"))
        .args(["relay-organic", "--quiet"])
        .env_clear()
        .env("HOME", path(""))
        .env("HORDE_DB", path("horde.db"))
        .env("BITTENSOR_NETWORK", node.url())
        .env("BITTENSOR_NETUID", Config::default().netuid.to_string())
        .env("BITTENSOR_WALLET_DIRECTORY", path("wallets"))
        .env("BITTENSOR_WALLET_NAME", "w")
        .env("BITTENSOR_WALLET_HOTKEY_NAME", "default")
        .env("FACILITATOR_URI", facilitator.url())
        .stdout(Stdio::null())
        .spawn()
        .expect("started");
    until(&facilitator, |ledger| ledger.authenticated == 1).await;
    let begun = Instant::now();
    for number in 0..jobs {
        let hotkey = miner.hotkey().to_string();
        let mut job = JobRequestV0::new(format!("job-{number}"), hotkey, "x/sleep:1".to_owned());
        job.executor_class = class;
        job.args = vec![JOB_TAKES_MS.to_owned(), "done".to_owned()];
        facilitator.order(job);
    }
    let count = |ledger: &Ledger, status| {
        let told = ledger.updates.iter();
        told.filter(|one| one.update.status == status).count()
    };
    until(&facilitator, |ledger| {
        count(ledger, JobStatus::Accepted) == jobs
    })
    .await;
    let all_running = begun.elapsed();
    until(&facilitator, |ledger| {
        count(ledger, JobStatus::Completed) == jobs
    })
    .await;
    let all_done = begun.elapsed();
    let peak = peak_kib(relay.id());
    let cpu = cpu_seconds(relay.id());
    Command::new("kill")
        .args(["-TERM", &relay.id().to_string()])
        .status()
        .expect("kill is there");
    let status = relay.wait().expect("it was started");
    let report = json!({
        "jobs": jobs,
        "all_running_s": all_running.as_secs_f64(),
        "all_done_s": all_done.as_secs_f64(),
        "cpu_s": cpu,
        "peak_mib": peak.map(|kib| kib / 1024),
        "exit": status.code(),
    });
    println!("{report:#}");
}

async fn until(facilitator: &Facilitator, is_so: impl Fn(&Ledger) -> bool) {
    let found = |ledger: &Ledger| is_so(ledger).then_some(());
    if facilitator.wait_until(found, PATIENCE).await.is_err() {
        panic!("it did not come");
    }
}

fn cpu_seconds(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("Linux");
    let after_name = stat.rsplit(')').next().expect("a name");
    let ticks = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn peak_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("Linux");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
