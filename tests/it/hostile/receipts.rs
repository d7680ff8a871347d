//! Receipts of honest miners beside hostile files, fetched by the real program.

use std::net::SocketAddr;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use horde_validator::devnet::miner::{Miner, MinerConfig, ReceiptsFile};
use horde_validator::keys::Keypair;
use rusqlite::Connection;

use super::file_server::FileServer;
use super::files::File;
use super::measured::Measured;
use super::scene::{account, chain_with};
use crate::host::Host;

const MOST_KIB: u64 = 256 << 10;
const LARGEST_LOG: usize = 1_000_000;
/// For one file; beyond it comes what our own cores take, and starting.
const FILE: Duration = Duration::from_secs(60);
const JOBS: u32 = 50;

/// An honest miner with receipts of two validators.
fn honest(place: usize, file: ReceiptsFile) -> Miner {
    let config = MinerConfig::new(account(place).keypair(), Vec::new());
    let miner = Miner::start(config.publishing(file)).expect("a free port");
    let begin = Utc::now() - TimeDelta::minutes(5);
    for (jobs, seed) in [(0..JOBS / 2, 2), (JOBS / 2..JOBS, 3)] {
        miner.publish_jobs(jobs, begin, &Keypair::from_seed(&[seed; 32]));
    }
    miner
}

/// Honest miners first.
struct Scene {
    honest: Vec<Miner>,
    files: Vec<(File, &'static str)>,
    axons: Vec<SocketAddr>,
    _servers: Vec<FileServer>,
    _devnet: Vec<Miner>,
}

impl Scene {
    async fn new(honest_ones: usize, files: Vec<(File, &'static str)>) -> Self {
        let honest_ones = (0..honest_ones).map(|place| honest(place, ReceiptsFile::Honest));
        let honest_ones: Vec<Miner> = honest_ones.collect();
        let mut axons: Vec<_> = honest_ones.iter().map(Miner::address).collect();
        let (mut servers, mut devnet) = (Vec::new(), Vec::new());
        for (file, _) in &files {
            match file {
                File::Devnet(file) => {
                    let miner = honest(axons.len(), file.clone());
                    axons.push(miner.address());
                    devnet.push(miner);
                }
                file => {
                    let server = FileServer::start(file.clone()).await;
                    axons.push(server.address);
                    servers.push(server);
                }
            }
        }
        Self {
            honest: honest_ones,
            files,
            axons,
            _servers: servers,
            _devnet: devnet,
        }
    }

    /// Has those at the first `places` places asked.
    async fn fetch(&self, places: usize) -> (Host, Measured) {
        let axons = self.axons[..places].iter().map(|axon| Some(*axon));
        let node = chain_with(axons.collect());
        let host = Host::on(&node);
        let run = Measured::of(&host, &["fetch-receipts"]).await;
        (host, run)
    }

    /// Every receipt of the honest miners, whole.
    fn kept(&self, host: &Host) -> Vec<[String; 6]> {
        let db = Connection::open(host.database()).expect("a database");
        let sql = "SELECT type, job_uuid, validator_hotkey, validator_signature,
                          miner_signature, payload
                   FROM receipts WHERE miner_hotkey = ?1 ORDER BY type, job_uuid";
        let mut statement = db.prepare(sql).expect("a statement");
        let mut kept = Vec::new();
        for miner in &self.honest {
            let rows = statement.query_map([miner.hotkey().to_string()], |row| {
                let cell = |index| row.get::<_, String>(index);
                Ok([cell(0)?, cell(1)?, cell(2)?, cell(3)?, cell(4)?, cell(5)?])
            });
            kept.extend(rows.expect("rows").map(|row| row.expect("texts")));
        }
        kept
    }

    /// Of each hostile miner there is an event that says what is wrong, or a warning where its
    /// file was read to its end.
    fn assert_told(&self, host: &Host, run: &Measured) {
        let events = host.store().last_events(1_000).expect("readable");
        for (place, (file, said)) in (self.honest.len()..).zip(&self.files) {
            let hotkey = account(place).hotkey().to_string();
            let of_it = events
                .iter()
                .filter(|event| event.data["miner_hotkey"] == *hotkey);
            let mut texts: Vec<String> = of_it.map(|event| event.description.clone()).collect();
            let warned = run.log.lines().filter(|line| line.contains(&hotkey));
            texts.extend(warned.map(str::to_owned));
            let is_told = texts.iter().any(|text| text.contains(said));
            assert!(is_told, "{file:?}: {texts:?}");
        }
    }

    async fn assert_harmless(&self) {
        let (with, run) = self.fetch(self.axons.len()).await;
        println!(
            "{} files: {:?}, {} KiB, {} bytes of log",
            self.axons.len(),
            run.wall,
            run.peak_kib,
            run.log.len()
        );
        let (without, _) = self.fetch(self.honest.len()).await;
        let kept = self.kept(&with);
        assert_eq!(kept.len(), self.honest.len() * 2 * JOBS as usize);
        assert_eq!(kept, self.kept(&without));
        self.assert_told(&with, &run);
        assert!(run.peak_kib < MOST_KIB, "{} KiB", run.peak_kib);
        assert!(run.log.len() < LARGEST_LOG);
        let rounds = self.axons.len().div_ceil(64) as u32;
        let limit = FILE * rounds + Duration::from_secs(5);
        assert!(run.wall < limit, "{:?} of {limit:?}", run.wall);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_files_all_at_once_cost_the_honest_nothing() {
    Scene::new(4, File::all()).await.assert_harmless().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: every kind alone, and one that is read for as long as a file may take"]
async fn each_hostile_file_alone_costs_the_honest_nothing() {
    for file in File::all().into_iter().chain([File::slow()]) {
        println!("{file:?}");
        Scene::new(2, vec![file]).await.assert_harmless().await;
    }
}
