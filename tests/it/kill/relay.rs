//! Killing the relay: each job that it took ends with one last status, told at least once, and no
//! miner is asked twice.

use std::collections::BTreeSet;

use horde_validator::devnet::facilitator::{Facilitator, FacilitatorConfig};
use horde_validator::devnet::miner::{Miner, MinerConfig};
use horde_validator::devnet::node::{Config, Production};
use horde_validator::store::TELL_STATUS;
use horde_validator::wire::ExecutorClass;
use horde_validator::wire::facilitator::{JobRequestV0, JobStatus};

use super::host::{CLASS, Host, KNOWN, at_every_point, neurons};

const PASS: &str = "relay-organic --for 1s";
const JOB: &str = "job";
/// Passes until all must be told: the second finds what the first left.
const PASSES: usize = 3;

struct Scene {
    host: Host,
    facilitator: Facilitator,
    miner: Miner,
    class: ExecutorClass,
}

impl Scene {
    fn new() -> Self {
        let class: ExecutorClass = CLASS.parse().expect("a class");
        let keypair = KNOWN.miners[0].keypair();
        let miner = Miner::start(MinerConfig::new(keypair, vec![(class, 1)])).expect("a free port");
        let config = Config {
            production: Production::Manual,
            neurons: neurons([Some(miner.address()), None]),
            ..Config::default()
        };
        let facilitator = Facilitator::start(FacilitatorConfig::default()).expect("a free port");
        let mut host = Host::start(config, &[]);
        host.set("FACILITATOR_URI", facilitator.url());
        Self {
            host,
            facilitator,
            miner,
            class,
        }
    }

    fn order(&self) {
        let hotkey = self.miner.hotkey().to_string();
        let mut job = JobRequestV0::new(JOB.to_owned(), hotkey, "x/echo:1".to_owned());
        job.executor_class = self.class;
        self.facilitator.order(job);
    }

    fn ends(&self) -> Vec<JobStatus> {
        let mut statuses = self.facilitator.ledger().statuses(JOB);
        statuses.retain(|status| *status != JobStatus::Accepted);
        statuses
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_taken_ends_once_wherever_the_relay_is_killed() {
    let points = at_every_point(async |point| {
        let scene = Scene::new();
        scene.order();
        let is_killed = scene.host.is_killed(PASS, point).await;
        if scene.host.left().count("SELECT count(*) FROM organic_jobs") == 0 {
            // nobody was asked, and the user asks again
            assert!(
                scene.miner.ledger().initial_requests.is_empty(),
                "point {point}"
            );
            assert!(scene.ends().is_empty(), "point {point}");
            scene.order();
        }
        for _ in 0..PASSES {
            scene.host.pass(PASS).await;
            let left = scene.host.left();
            let untold = left.store.pending_intents(TELL_STATUS).expect("read");
            if !scene.ends().is_empty() && untold.is_empty() {
                break;
            }
        }
        let ends = scene.ends();
        let different: BTreeSet<_> = ends.iter().collect();
        assert_eq!(different.len(), 1, "killed at point {point}: {ends:?}");
        let seen = scene.miner.ledger();
        for requests in [&seen.initial_requests, &seen.job_requests] {
            let is_once = requests.get(JOB).is_none_or(|times| *times == 1);
            assert!(is_once, "killed at point {point}: {requests:?}");
        }
        let left = scene.host.left();
        let status = match ends[0] {
            JobStatus::Completed => "COMPLETED",
            _ => "FAILED",
        };
        let kept = format!("SELECT count(*) FROM organic_jobs WHERE status = '{status}'");
        assert_eq!(left.count(&kept), 1, "killed at point {point}");
        let untold = left.store.pending_intents(TELL_STATUS).expect("read");
        assert!(untold.is_empty(), "killed at point {point}: {untold:?}");
        is_killed
    })
    .await;
    assert!(points >= 25, "{points} points");
}
