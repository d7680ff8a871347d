//! The validator's machine and its subnet: runs passes of the real binary, kills them, and waits
//! until all is settled. Which passes run when is not known here.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use horde_validator::devnet::node::CommitScheme;
use horde_validator::devnet::{Character, Plan, Subnet, cast};
use horde_validator::schedule::{Cycle, cycle_containing};
use horde_validator::store::Store;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// A cycle of 120 blocks takes 7.2 s.
pub(super) const BLOCK_TIME: Duration = Duration::from_millis(60);
pub(super) const TEMPO: u16 = 59;
/// Blocks from the beginning of a cycle to its first batch.
const RUN_OFFSET: u64 = 20;
const TIME_SCALE: f64 = 0.01;
const NETUID: u16 = 12;
/// Of the usual inhabitants: two honest ones, one that dances, one that is wrong, one with an LLM.
const INHABITANTS: [&str; 5] = [
    "honest, 1 executor",
    "honest, 2 executors",
    "dancing: 2, then 4",
    "answers wrong",
    "LLM, honest",
];
const SIGKILL: i32 = 9;
/// The next pass is to try again.
const TRY_AGAIN: i32 = 75;
/// An extrinsic that never arrived is dead after some 30 s; a commit waits for a cycle or two.
const LONGEST_SETTLING: Duration = Duration::from_secs(120);

pub(super) struct Validator {
    pub(super) subnet: Subnet,
    pub(super) folder: TempDir,
    environment: Vec<(&'static str, String)>,
    /// How often each pass ended in each way.
    ends: Mutex<BTreeMap<(String, End), usize>>,
    /// Each change ends all passes that run.
    restarts: AtomicUsize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Good,
    TryAgain,
    /// Weights are given up, and a person is told why.
    GivenUp,
    Killed,
}

impl Validator {
    pub(super) fn start(scheme: CommitScheme) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let subnet = Subnet::start(Plan {
            folder: folder.path().to_owned(),
            scheme,
            block_time: BLOCK_TIME,
            tempo: TEMPO,
            characters: inhabitants(),
            port: 0,
            time_scale: TIME_SCALE,
        })
        .expect("a subnet");
        let mut environment = subnet.environment();
        environment.push(("HOME", folder.path().display().to_string()));
        // timers come a hundred times a cycle on the main network, and not so often here
        environment.push(("SYNTHETIC_JOBS_RUN_OFFSET", RUN_OFFSET.to_string()));
        std::fs::write(folder.path().join(".env"), "").expect("a file");
        Self {
            subnet,
            folder,
            environment,
            ends: Mutex::default(),
            restarts: AtomicUsize::new(0),
        }
    }

    /// Replaces a setting, for all passes from now on.
    pub(super) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.environment.retain(|(known, _)| *known != name);
        self.environment.push((name, value.into()));
    }

    pub(super) fn setting(&self, name: &str) -> &str {
        let found = self.environment.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value)
    }

    pub(super) fn store(&self) -> Store {
        Store::open(&self.database()).expect("it opens")
    }

    pub(super) fn database(&self) -> PathBuf {
        self.folder.path().join("horde.db")
    }

    /// For questions that no pass asks.
    pub(super) fn db(&self) -> Connection {
        Connection::open_with_flags(self.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)
            .expect("it opens")
    }

    /// The cycle that the chain is in.
    pub(super) fn cycle(&self) -> Cycle {
        let block = i64::try_from(self.subnet.node.block()).expect("a height");
        cycle_containing(block, NETUID, TEMPO)
    }

    pub(super) fn command(&self, pass: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_horde"));
        command
            .args(pass.split(' '))
            .env_clear()
            .envs(self.environment.iter().cloned())
            .current_dir(self.folder.path());
        command
    }

    /// Runs a pass to its end.
    pub(super) async fn run(&self, pass: &str) -> End {
        self.run_for(pass, Duration::MAX).await
    }

    /// Kills everything that runs.
    pub(super) fn restart(&self) {
        self.restarts.fetch_add(1, Ordering::SeqCst);
    }

    /// How often each pass ended in each way, a line for each.
    pub(super) fn ends(&self) -> String {
        let ends = self.ends.lock().expect("nobody panicked");
        let lines = ends.iter();
        let lines = lines.map(|((pass, end), times)| format!("{pass:<24} {end:?} {times}"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Runs a pass, which is killed if it runs for so long.
    pub(super) async fn run_for(&self, pass: &str, longest: Duration) -> End {
        let mut command = self.command(pass);
        let log = self.folder.path().join("log");
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("a log");
        command.stdout(Stdio::null()).stderr(log);
        let mut child = Running(command.spawn().expect("started"));
        let deadline = Instant::now().checked_add(longest);
        let restarts = self.restarts.load(Ordering::SeqCst);
        let status = loop {
            if let Some(status) = child.0.try_wait().expect("our child") {
                break status;
            }
            let is_over = deadline.is_some_and(|deadline| deadline <= Instant::now());
            if is_over || restarts != self.restarts.load(Ordering::SeqCst) {
                child.0.kill().expect("our child");
                break child.0.wait().expect("our child");
            }
            sleep(Duration::from_millis(5)).await;
        };
        let end = self.end(pass, status);
        let mut ends = self.ends.lock().expect("nobody panicked");
        *ends.entry((pass.to_owned(), end)).or_default() += 1;
        end
    }

    fn end(&self, pass: &str, status: ExitStatus) -> End {
        match (status.code(), status.signal()) {
            (Some(0), _) => End::Good,
            (Some(TRY_AGAIN), _) => End::TryAgain,
            (Some(1), _) if pass == "set-weights" => End::GivenUp,
            (None, Some(SIGKILL)) => End::Killed,
            _ => panic!("{pass}: {status}\n{}", self.log_end()),
        }
    }

    /// The newest lines that passes said.
    pub(super) fn log_end(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// Lets those passes run that settle what others have left, until nothing is open.
    pub(super) async fn settle(&self) {
        let deadline = Instant::now() + LONGEST_SETTLING;
        loop {
            for pass in ["relay-organic --for 1s", "set-weights", "run-synthetic"] {
                self.run(pass).await;
            }
            let open = self.open();
            if open.is_empty() {
                break;
            }
            assert!(
                Instant::now() < deadline,
                "never settled: {open:#?}\n{}",
                self.log_end()
            );
        }
        for pass in ["fetch-receipts", "send-events", "backup-db --local-only"] {
            assert_eq!(self.run(pass).await, End::Good, "{}", self.log_end());
        }
    }

    /// What is still to be done: weights and intents.
    fn open(&self) -> Vec<String> {
        let store = self.store();
        let weights = store.open_weights().expect("read");
        let intents = store.pending_intents("").expect("read");
        let weights = weights.iter().map(|row| format!("{row:?}"));
        weights
            .chain(intents.iter().map(|intent| format!("{intent:?}")))
            .collect()
    }
}

/// A process that is killed where nobody waits for it any more: one that went on would write
/// while others look.
pub(super) struct Running(pub(super) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // both fail where it has ended
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn inhabitants() -> Vec<Character> {
    let late = Duration::from_secs(60).mul_f64(TIME_SCALE);
    let mut all = cast(late);
    all.retain(|one| INHABITANTS.contains(&one.name));
    assert_eq!(all.len(), INHABITANTS.len());
    all
}
