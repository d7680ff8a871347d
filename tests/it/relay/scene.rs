//! A subnet with miners, a facilitator with jobs, and `horde relay-organic` between them.

use std::process::{Child, Output, Stdio};
use std::time::Duration;

use assert_cmd::assert::{Assert, OutputAssertExt};
use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::facilitator::{
    Behaviour, Facilitator, FacilitatorConfig, Ledger, Order,
};
use horde_validator::devnet::miner::{self, Miner, MinerConfig};
use horde_validator::devnet::node::{CommitScheme, Config, Node};
use horde_validator::wire::ExecutorClass;
use horde_validator::wire::facilitator::{JobRequestV0, JobStatus};
use horde_validator::wire::from_miner::JobFinished;

use crate::host::{self, FIRST_MINER, Host};

/// Longer than anything takes here, also on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(150);
/// Factor on all time limits: a job may take 6 s, a silent facilitator is given up after 2.4 s.
const SCALE: &str = "0.02";

pub(super) struct Scene {
    pub(super) host: Host,
    pub(super) facilitator: Facilitator,
    pub(super) miners: Vec<Miner>,
    pub(super) node: Node,
}

impl Scene {
    /// Miners of these behaviours, with the uids from 2 on.
    pub(super) fn new(behaviours: &[miner::Behaviour], facilitator: Behaviour) -> Self {
        let miners: Vec<Miner> = (FIRST_MINER..)
            .zip(behaviours)
            .map(|(uid, behaviour)| start_miner(uid, behaviour.clone()))
            .collect();
        let mut config: Config = host::chain(CommitScheme::Off);
        for (neuron, miner) in config.neurons[2..].iter_mut().zip(&miners) {
            neuron.axon = Some(miner.address());
        }
        let node = host::start(config);
        let config = FacilitatorConfig::default().behaving(facilitator);
        let facilitator = Facilitator::start(config).expect("a free port");
        let mut host = Host::on(&node);
        host.set("FACILITATOR_URI", facilitator.url());
        host.set("DEBUG_BATCH_TIME_SCALE", SCALE);
        Self {
            host,
            facilitator,
            miners,
            node,
        }
    }

    pub(super) fn honest(facilitator: Behaviour) -> Self {
        Self::new(&[miner::Behaviour::Honest], facilitator)
    }

    /// A job that prints its arguments, for the miner at this place.
    pub(super) fn job(&self, uuid: &str, place: usize) -> JobRequestV0 {
        let hotkey = self.miners[place].hotkey().to_string();
        let mut job = JobRequestV0::new(uuid.to_owned(), hotkey, "x/echo:1".to_owned());
        job.executor_class = ExecutorClass::AlwaysOnGpu24Gb;
        job.args = vec!["hello".to_owned(), uuid.to_owned()];
        job
    }

    pub(super) fn order(&self, order: impl Into<Order>) {
        self.facilitator.order(order);
    }

    /// Starts the relay in the background.
    pub(super) fn relay(&self, arguments: &[&str]) -> Relay {
        let child = self
            .host
            .command()
            .arg("relay-organic")
            .args(arguments)
            .arg("--json")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        Relay(Some(child))
    }

    pub(super) async fn until(&self, what: &str, is_so: impl Fn(&Ledger) -> bool) -> Ledger {
        let found = |ledger: &Ledger| is_so(ledger).then(|| ledger.clone());
        match self.facilitator.wait_until(found, PATIENCE).await {
            Ok(ledger) => ledger,
            Err(ledger) => panic!("{what} did not come: {ledger:#?}"),
        }
    }

    /// Waits for the last status of a job; returns all of them, repetitions left out.
    pub(super) async fn statuses(&self, uuid: &str) -> Vec<JobStatus> {
        let is_last = |status: &JobStatus| *status != JobStatus::Accepted;
        let ledger = self
            .until("the end of a job", |ledger| {
                ledger.statuses(uuid).iter().any(is_last)
            })
            .await;
        let mut statuses = ledger.statuses(uuid);
        statuses.dedup();
        statuses
    }
}

fn start_miner(uid: u16, behaviour: miner::Behaviour) -> Miner {
    let class = ExecutorClass::AlwaysOnGpu24Gb;
    let keypair = Account::miner(uid.into()).keypair();
    let config = MinerConfig::new(keypair, vec![(class, 1)]).behaving(behaviour);
    Miner::start(config).expect("a free port")
}

/// A running relay; killed when it is dropped.
pub(super) struct Relay(Option<Child>);

impl Relay {
    /// Ends it as systemd does, and waits.
    pub(super) async fn stop(self) -> Assert {
        self.signal("-TERM");
        self.ended().await
    }

    /// Ends it without a chance to do anything.
    pub(super) async fn kill(self) {
        self.signal("-KILL");
        let _ = self.ended().await;
    }

    pub(super) fn signal(&self, signal: &str) {
        let child = self.0.as_ref().expect("it runs");
        std::process::Command::new("kill")
            .args([signal, &child.id().to_string()])
            .assert()
            .success();
    }

    /// Starts it again whenever it ends, as systemd does.
    pub(super) async fn kept_running(&mut self, scene: &Scene) -> std::convert::Infallible {
        loop {
            let child = self.0.as_mut().expect("it was started");
            if child.try_wait().expect("it was started").is_some() {
                *self = scene.relay(&[]);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until it ends by itself.
    pub(super) async fn ended(mut self) -> Assert {
        let child = self.0.take().expect("it runs");
        let wait = tokio::task::spawn_blocking(move || child.wait_with_output());
        let output: Output = tokio::time::timeout(PATIENCE, wait)
            .await
            .expect("it ends")
            .expect("no panic")
            .expect("it was started");
        output.assert()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What a run with `--json` printed.
pub(super) fn document(run: &Assert) -> serde_json::Value {
    let stdout = &run.get_output().stdout;
    serde_json::from_slice(stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(stdout)))
}

/// The message about a job that carries what its process printed.
pub(super) fn printed(ledger: &Ledger, uuid: &str) -> JobFinished {
    let last = ledger.updates_of(uuid).last().expect("it was told");
    let metadata = last.update.metadata.clone().expect("always there");
    let response = metadata.miner_response.expect("always there");
    JobFinished {
        job_uuid: response.job_uuid,
        docker_process_stdout: response.docker_process_stdout,
        docker_process_stderr: response.docker_process_stderr,
    }
}
