//! A validator's machine with a chain of its own: runs passes of the real binary, kills them, and
//! looks at what they leave behind. Blocks come when there is something to include.

use std::fs;
use std::future::ready;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::time::Duration;

use chrono::Utc;
use futures_util::{StreamExt, stream};
use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::node::{Config, Neuron, Node};
use horde_validator::keys::Hotkey;
use horde_validator::params::Source;
use horde_validator::store::{EventRow, Store};
use horde_validator::wire::event::{EventSubtype, EventType};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{Instant, interval};

pub(super) const NETUID: u16 = 12;
/// Of the validator under test.
pub(super) const UID: u16 = 0;
pub(super) const CLASS: &str = "always_on.gpu-24gb";
const STAKE: u64 = 10_000;

/// Cases are mostly waiting.
const CASES_AT_ONCE: usize = 3;
const TICK: Duration = Duration::from_millis(40);
/// A chain never stands still for long, or nobody would write to it.
const LONGEST_STANDSTILL: Duration = Duration::from_secs(4);
/// How long an extrinsic waits in the pool while a pass runs that is to be killed, or that has to
/// settle what a killed one sent.
const HELD: Duration = Duration::from_secs(1);

/// Runs `case` for each point of a pass, from the first one until the pass is no longer killed;
/// `case` says whether it was. Returns how many points there are.
pub(super) async fn at_every_point(case: impl AsyncFn(u64) -> bool) -> usize {
    let case = &case;
    stream::iter(1..)
        .map(move |point| case(point))
        .buffered(CASES_AT_ONCE)
        .take_while(|is_killed| ready(*is_killed))
        .count()
        .await
}

pub(super) struct Host {
    pub(super) node: Node,
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
}

/// Well-known keys. Deriving one takes a tenth of a second in a test build, and hundreds of cases
/// need the same ones.
pub(super) struct Known {
    pub(super) validator: Account,
    pub(super) miners: [Account; 2],
    validator_coldkey: Hotkey,
    miners_coldkey: Hotkey,
    other_validator: Hotkey,
}

pub(super) static KNOWN: LazyLock<Known> = LazyLock::new(|| Known {
    validator: Account::validator(),
    miners: [2, 3].map(Account::miner),
    validator_coldkey: Account::validator_coldkey().hotkey(),
    miners_coldkey: Account::miners_coldkey().hotkey(),
    other_validator: Account::other_validator().hotkey(),
});

/// The validator, another one, then the two miners, which serve at these addresses.
pub(super) fn neurons(axons: [Option<SocketAddr>; 2]) -> Vec<Neuron> {
    let validator = |hotkey| Neuron {
        hotkey,
        coldkey: KNOWN.validator_coldkey,
        stake_tao: STAKE,
        axon: None,
        validator_permit: true,
    };
    let mut neurons = vec![
        validator(KNOWN.validator.hotkey()),
        validator(KNOWN.other_validator),
    ];
    let miners = KNOWN.miners.iter().zip(axons).map(|(miner, axon)| Neuron {
        hotkey: miner.hotkey(),
        coldkey: KNOWN.miners_coldkey,
        stake_tao: 0,
        axon,
        validator_permit: false,
    });
    neurons.extend(miners);
    neurons
}

impl Host {
    /// Starts the chain, and makes wallet and database with these parameters pinned.
    pub(super) fn start(config: Config, pins: &[(&str, Value)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        KNOWN
            .validator
            .write_wallet(
                Path::new(&path("wallets")),
                "test",
                "default",
                &KNOWN.validator_coldkey,
            )
            .expect("a wallet");
        let node = Node::start(config).expect("a node");
        let environment = vec![
            ("HOME", path("")),
            ("HORDE_DB", path("horde.db")),
            ("BITTENSOR_NETWORK", node.url()),
            ("BITTENSOR_NETUID", NETUID.to_string()),
            ("BITTENSOR_WALLET_DIRECTORY", path("wallets")),
            ("BITTENSOR_WALLET_NAME", "test".to_owned()),
            ("BITTENSOR_WALLET_HOTKEY_NAME", "default".to_owned()),
            ("DEBUG_HASH_JOB", "1,1,1".to_owned()),
            ("DEBUG_BATCH_TIME_SCALE", "0.03".to_owned()),
        ];
        let host = Self {
            node,
            folder,
            environment,
        };
        host.prepare(|store| {
            for (name, value) in pins {
                store
                    .store_param(name, Source::Pinned, value, Utc::now())
                    .expect("a parameter");
            }
        });
        host
    }

    /// Adds a setting.
    pub(super) fn set(&mut self, name: &'static str, value: String) {
        self.environment.push((name, value));
    }

    /// Changes the database while no pass runs.
    pub(super) fn prepare(&self, change: impl FnOnce(&mut Store)) {
        let path = self.folder.path().join("horde.db");
        change(&mut Store::open_or_create(&path).expect("a database"));
    }

    /// Runs a pass that is killed at this point; false: it ended before.
    pub(super) async fn is_killed(&self, pass: &str, point: u64) -> bool {
        let output = self.output(pass, Some(point)).await;
        // abort
        if output.status.signal() == Some(6) {
            return true;
        }
        assert_good(pass, &output);
        false
    }

    /// Runs a pass that nobody kills.
    pub(super) async fn pass(&self, pass: &str) {
        assert_good(pass, &self.output(pass, None).await);
    }

    async fn output(&self, pass: &str, kill_at: Option<u64>) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_horde"));
        command
            .args(pass.split(' '))
            .env_clear()
            .envs(self.environment.iter().cloned())
            .envs(kill_at.map(|point| ("HORDE_KILL_AT", point.to_string())))
            .current_dir(self.folder.path());
        let was_left = self.node.pending() > 0;
        if !was_left {
            self.node.produce_block();
        }
        let held = match was_left || kill_at.is_some() {
            true => HELD,
            false => Duration::ZERO,
        };
        let mut produced_at = Instant::now();
        let mut waits_since = None;
        let mut running = tokio::task::spawn_blocking(move || command.output());
        let mut ticks = interval(TICK);
        loop {
            tokio::select! {
                output = &mut running => break output.expect("no panic").expect("started"),
                _ = ticks.tick() => (),
            }
            let is_due = match self.node.pending() {
                0 => produced_at.elapsed() > LONGEST_STANDSTILL,
                _ => waits_since.get_or_insert_with(Instant::now).elapsed() >= held,
            };
            if is_due {
                // as many as finalize what is in the first
                self.node.produce_blocks(3);
                produced_at = Instant::now();
            }
        }
    }

    /// What the last pass left behind. Read from a copy: opening the file itself would repair
    /// what the next pass has to repair.
    pub(super) fn left(&self) -> Left {
        let copy = tempfile::tempdir_in(self.folder.path()).expect("a folder");
        for name in ["horde.db", "horde.db-wal"] {
            let path = self.folder.path().join(name);
            if path.exists() {
                fs::copy(path, copy.path().join(name)).expect("copied");
            }
        }
        let path = copy.path().join("horde.db");
        let db = Connection::open(&path).expect("it opens");
        let finding: String = db
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .expect("it can be checked");
        assert_eq!(finding, "ok");
        Left {
            store: Store::open(&path).expect("it opens"),
            db,
            _copy: copy,
        }
    }
}

/// A sound copy of the database.
pub(super) struct Left {
    pub(super) store: Store,
    db: Connection,
    _copy: TempDir,
}

impl Left {
    pub(super) fn count(&self, sql: &str) -> i64 {
        self.db
            .query_row(sql, [], |row| row.get(0))
            .expect("a number")
    }

    pub(super) fn events(&self, kind: EventType, subtype: EventSubtype) -> usize {
        let events = self.store.last_events(1000).expect("read");
        let is_asked_for = |event: &&EventRow| {
            (event.kind.as_str(), event.subtype.as_str()) == (kind.name(), subtype.name())
        };
        events.iter().filter(is_asked_for).count()
    }
}

fn assert_good(pass: &str, output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{pass}: {}\n{said}", output.status);
}
