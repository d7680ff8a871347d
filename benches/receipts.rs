//! What it costs to fetch, check and keep 10,000 receipts with 20,000 signatures, from miners in a
//! process of their own, into a database on disk. Also what parsing and checking take alone.
//!
//! `cargo bench --bench receipts`, or with other numbers of receipts and miners:
//! `cargo bench --bench receipts -- 100000 10`. With `hostile` a quarter of the miners each send
//! without end, send a single line, forge, and are honest.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use horde_validator::devnet::miner::{Miner, MinerConfig, ReceiptsFile};
use horde_validator::http::Client;
use horde_validator::keys::{Keypair, verify};
use horde_validator::miner::MinerAddress;
use horde_validator::pass::Progress;
use horde_validator::receipts::{Candidate, FileReader, Limits, Report, check, fetch_all};
use horde_validator::store::Store;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const MINERS_MODE: &str = "--miners";
const HOSTILE: &str = "hostile";
/// As the pass has it.
const CHUNK: usize = 512;

fn main() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("the first in this process");
    let runtime = Runtime::new().expect("a runtime");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|text| text == word);
    let numbers: Vec<u32> = arguments
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect();
    let receipts = numbers.first().copied().unwrap_or(10_000);
    let miners = numbers.get(1).copied().unwrap_or(1);
    if has(MINERS_MODE) {
        return runtime.block_on(serve(receipts / miners, miners, has(HOSTILE)));
    }
    let (mut server, addresses) = start_miners(receipts, miners, has(HOSTILE));
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).expect("a folder on disk");
    let path = folder.path().join("horde.db");
    let mut store = Store::open_or_create(&path).expect("a database");
    let mut round = || {
        let (begun, before) = (Instant::now(), cpu_seconds());
        let report = runtime.block_on(fetch(&mut store, addresses.clone()));
        figures(&report, begun.elapsed(), cpu_seconds() - before)
    };
    let (first, again) = (round(), round());
    let alone = match has(HOSTILE) {
        true => Value::Null,
        false => alone(&runtime, &addresses[0]),
    };
    let report = json!({
        "receipts": receipts,
        "miners": miners,
        "first_round": first,
        "second_round": again,
        "one_file_on_one_core": alone,
        "peak_kib": peak_kib(),
    });
    println!("{report:#}");
    server.kill().expect("it runs");
    server.wait().expect("it was started");
}

async fn fetch(store: &mut Store, miners: Vec<MinerAddress>) -> Report {
    let stop = CancellationToken::new();
    let progress = Progress::hidden();
    let round = fetch_all(
        store,
        miners,
        &Limits::PRODUCTION,
        &progress,
        &stop,
        Utc::now(),
    );
    round.await.expect("the database holds")
}

fn figures(report: &Report, wall: Duration, cpu: f64) -> Value {
    json!({
        "wall_s": wall.as_secs_f64(),
        "cpu_s": cpu,
        "answered": report.answered,
        "new": report.new,
        "known": report.rows.known,
        "refused": report.rows.refused,
    })
}

/// The steps for one file, one after the other.
fn alone(runtime: &Runtime, miner: &MinerAddress) -> Value {
    let client = Client::for_strangers(Limits::PRODUCTION.file);
    let file = runtime.block_on(async {
        let body = client.get(&miner.receipts_url()).await.expect("it answers");
        body.bytes().await.expect("all of it")
    });
    let begun = Instant::now();
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut reader = FileReader::new(miner.hotkey.as_str());
    let mut take = |row: Result<Candidate, _>| candidates.push(row.expect("a receipt"));
    for piece in file.chunks(64 << 10) {
        reader.feed(piece, &mut take);
    }
    reader.end(&mut take);
    let parsed = begun.elapsed();
    let count = candidates.len();
    let begun = Instant::now();
    let blobs: usize = candidates.iter().map(|one| one.receipt.blob().len()).sum();
    let written = begun.elapsed();
    let mut swapped = candidates.clone();
    for one in &mut swapped {
        std::mem::swap(&mut one.miner_signature, &mut one.validator_signature);
    }
    let begun = Instant::now();
    let mut signatures = 0;
    for one in candidates.iter().take(CHUNK) {
        let blob = one.receipt.blob();
        let signer = miner.hotkey.parse().expect("a hotkey");
        signatures += usize::from(verify(&signer, blob.as_bytes(), &one.miner_signature));
    }
    let single = begun.elapsed();
    let (good, checked) = timed_check(candidates);
    let (held, refused) = timed_check(swapped);
    assert_eq!(held, 0);
    let us_each = |took: Duration, count: usize| took.as_secs_f64() * 1e6 / count as f64;
    json!({
        "bytes": file.len(),
        "receipts": good,
        "blob_bytes": blobs,
        "parse_us_each": us_each(parsed, count),
        "blob_us_each": us_each(written, count),
        "check_us_each": us_each(checked, count),
        "check_us_each_if_false": us_each(refused, count),
        "one_signature_alone_us": us_each(single, signatures),
    })
}

/// How many hold, and how long it took to find out.
fn timed_check(mut candidates: Vec<Candidate>) -> (usize, Duration) {
    let begun = Instant::now();
    let mut good = 0;
    while !candidates.is_empty() {
        let rest = candidates.split_off(candidates.len().min(CHUNK));
        good += check(std::mem::replace(&mut candidates, rest)).good.len();
    }
    (good, begun.elapsed())
}

fn start_miners(receipts: u32, miners: u32, hostile: bool) -> (Child, Vec<MinerAddress>) {
    let mut server = Command::new(std::env::current_exe().expect("this program"))
        .args([
            MINERS_MODE,
            if hostile { HOSTILE } else { "" },
            &receipts.to_string(),
            &miners.to_string(),
        ])
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let output = server.stdout.as_mut().expect("piped");
    let lines = BufReader::new(output).lines();
    let addresses = lines.take(miners as usize).map(|line| {
        let line = line.expect("a line");
        line.parse().expect("an address")
    });
    let addresses = addresses.collect();
    (server, addresses)
}

async fn serve(receipts: u32, miners: u32, hostile: bool) {
    let validators = [1, 2, 3, 4].map(|seed| Keypair::from_seed(&[seed; 32]));
    let begin = Utc::now() - TimeDelta::hours(6);
    let start = |number: u32| {
        let mut seed = [0x77; 32];
        seed[..4].copy_from_slice(&number.to_le_bytes());
        let file = match number % 4 {
            1 if hostile => ReceiptsFile::Endless,
            2 if hostile => ReceiptsFile::OneLine,
            3 if hostile => ReceiptsFile::Forged { rows: 1_000_000 },
            _ => ReceiptsFile::Honest,
        };
        let config = MinerConfig::new(Keypair::from_seed(&seed), Vec::new());
        let miner = Miner::start(config.publishing(file)).expect("a free port");
        for job in 0..receipts / 2 {
            let validator = &validators[job as usize % validators.len()];
            miner.publish_jobs(job..job + 1, begin, validator);
        }
        miner
    };
    let miners: Vec<Miner> = (0..miners).map(start).collect();
    for miner in &miners {
        println!("{}@{}", miner.hotkey(), miner.address());
    }
    std::future::pending().await
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let after_name = stat.rsplit(')').next().expect("a name");
    let ticks: Vec<f64> = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|t| t.parse().ok())
        .collect();
    ticks.iter().sum::<f64>() / 100.0
}

fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
