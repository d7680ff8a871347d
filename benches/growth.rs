//! How the cost of looking, evicting and backing up grows with a validator's history: a database of
//! a year with so many miners, and whole processes of `horde` on it.
//!
//! `cargo bench --bench growth`, or with other numbers of miners: `cargo bench --bench growth -- 24 240`

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use horde_validator::keys::Hotkey;
use horde_validator::store::Store;
use rusqlite::Connection;
use serde_json::{Value, json};

/// Of a year: ten a day.
const BATCHES: u32 = 3_650;
const RUNS: usize = 5;
/// Of today's subnet a tenth, as many as it can have, ten times as many.
const MINERS: [u32; 3] = [24, 240, 2_400];

fn main() {
    let wanted: Vec<u32> = std::env::args()
        .filter_map(|text| text.parse().ok())
        .collect();
    let wanted = match wanted.is_empty() {
        true => MINERS.to_vec(),
        false => wanted,
    };
    let reports: Vec<Value> = wanted.into_iter().map(report).collect();
    println!("{:#}", Value::from(reports));
}

fn report(miners: u32) -> Value {
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).expect("a folder on disk");
    let path = folder.path().join("horde.db");
    drop(Store::open_or_create(&path).expect("a database"));
    fill(&path, miners);
    let miner = hotkey(miners / 2);
    let miner = miner.as_str();
    let everything = ["--limit", "5000"];
    let run = |arguments: &[&str]| measured(folder.path(), arguments);
    json!({
        "miners": miners,
        "jobs": miners * BATCHES,
        "database_mb": path.metadata().expect("made").len() / 1_000_000,
        "version": run(&["--version"]),
        "status": run(&["status"]),
        "metrics": run(&["metrics"]),
        "newest_of_a_miner": run(&["inspect", "miner", miner]),
        "year_of_a_miner": run(&[&["inspect", "miner", miner][..], &everything].concat()),
        "jobs_of_a_miner": run(&[&["inspect", "job", "--miner", miner][..], &everything].concat()),
        "wrong_jobs_of_all": run(&["inspect", "job", "--outcome", "wrong"]),
        "report_of_a_year": run(&["report", "--days", "366", "--output", "report.html"]),
        "nothing_to_evict": run(&["evict"]),
        "backup": run(&["backup-db", "--local-only"]),
    })
}

/// Median seconds and largest memory of some runs, the first of which is not counted.
fn measured(folder: &Path, arguments: &[&str]) -> Value {
    let mut runs: Vec<(Duration, u64)> = (0..=RUNS).map(|_| once(folder, arguments)).collect();
    runs.remove(0);
    let peak = runs.iter().map(|(_, peak)| peak).max().copied();
    runs.sort_unstable();
    let milliseconds = runs[RUNS / 2].0.as_secs_f64() * 1e3;
    json!({
        "ms": (milliseconds * 10.0).round() / 10.0,
        "peak_mib": peak.unwrap_or_default() / 1024,
    })
}

/// Wall time, and the peak in KiB as seen shortly before the end: too small for what ends at once.
fn once(folder: &Path, arguments: &[&str]) -> (Duration, u64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_horde"));
    command
        .args(arguments)
        .env_clear()
        .env("HOME", folder)
        .env("HORDE_DB", folder.join("horde.db"))
        .env("BACKUP_DIRECTORY", folder.join("backups"))
        .env("BITTENSOR_NETUID", "12")
        .env("BACKUP_LOCAL_ROTATE_KEEP_LAST", "1")
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let begun = Instant::now();
    let mut child = command.spawn().expect("started");
    let mut peak = 0;
    loop {
        if let Some(status) = child.try_wait().expect("our child") {
            let took = begun.elapsed();
            assert!(status.success(), "{arguments:?}: {status}");
            return (took, peak);
        }
        // the newest one: for a moment after its start a child shows the memory of its parent
        peak = peak_kib(child.id()).unwrap_or(peak);
        std::thread::yield_now();
    }
}

fn peak_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

fn hotkey(number: u32) -> String {
    let mut public = [7; 32];
    public[..4].copy_from_slice(&number.to_be_bytes());
    Hotkey::new(public).to_string()
}

/// A batch in each cycle of a year, with a job of each miner, and weights; jobs of users, passes
/// and events beside it.
fn fill(path: &Path, miners: u32) {
    let db = Connection::open(path).expect("it opens");
    db.execute_batch("PRAGMA synchronous = OFF; CREATE TEMP TABLE miners (uid, hotkey); BEGIN")
        .expect("begun");
    for uid in 0..miners {
        let sql = "INSERT INTO miners VALUES (?1, ?2)";
        db.execute(sql, (uid, hotkey(uid))).expect("a miner");
    }
    db.execute_batch(&format!(
        "CREATE TEMP TABLE cycles AS
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {BATCHES})
             SELECT i, strftime('%Y-%m-%dT%H:%M:%S.000000Z', 'now',
                                '-' || (({BATCHES} - i) * 144) || ' minutes') AS time FROM n;
         INSERT INTO weights (id, way, state, netuid, version_key, entries, salt, decided_block,
                              window_stop, created_at, updated_at, basis)
             SELECT i, 'hash', 'final', 12, 2,
                    (SELECT json_group_array(json_object('uid', uid, 'value', 65535 - uid,
                                                         'hotkey', hotkey)) FROM miners),
                    '[1,2,3,4,5,6,7,8]', i * 722, i * 722 + 700, time, time,
                    (SELECT json_object('max_weight', 65535, 'miners', json_group_array(
                        json_object('hotkey', hotkey, 'uid', uid, 'score', 0.5 + uid,
                                    'weight', 65535 - uid, 'reason', 'its share of the scores')))
                     FROM miners)
             FROM cycles;
         INSERT INTO batches (id, uuid, origin, state, cycle_start, cycle_stop, block, planned_at,
                              started_at, started_block, ended_at, weights_id)
             SELECT i, 'batch ' || i, 'planned', 'done', i * 722, i * 722 + 722, i * 722 + 24, time,
                    time, i * 722 + 24, time, i FROM cycles;
         INSERT INTO batch_miners SELECT i, hotkey, '10.0.0.1', 4, 8000,
                    '{{\"always_on.gpu-24gb\": 1}}', 1, 1, '' FROM cycles, miners;
         INSERT INTO jobs (uuid, batch_id, hotkey, address, ip_version, port, executor_class, status,
                           correct, comment, description, score, time_took_us, times)
             SELECT 'job ' || i || ' ' || uid, i, hotkey, '10.0.0.1', 4, 8000, 'always_on.gpu-24gb',
                    'COMPLETED', 1, '', 'a hash job', 1.0, 5000000 + uid,
                    '{{\"request\": 1700000000000000, \"ready\": 1700000001000000}}'
             FROM cycles, miners;
         INSERT INTO organic_jobs (uuid, hotkey, address, ip_version, port, executor_class,
                                   description, status, created_at, ended_at)
             SELECT 'user ' || i || ' ' || uid, hotkey, '10.0.0.1', 4, 8000, 'always_on.gpu-24gb',
                    '', 'COMPLETED', time, time FROM cycles, (SELECT * FROM miners LIMIT 8);
         INSERT INTO passes (name, version, started_at, ended_at, outcome, summary)
             SELECT 'set-weights', '', time, time, 'done', 'as every day'
             FROM cycles, (SELECT * FROM miners LIMIT 16);
         INSERT INTO events (type, subtype, timestamp, description, data, sent_at)
             SELECT 'VALIDATOR_TELEMETRY', 'CHECKPOINT', time, 'as every day', '{{}}', time
             FROM cycles, (SELECT * FROM miners LIMIT 24);
         COMMIT; PRAGMA wal_checkpoint(TRUNCATE); ANALYZE;"
    ))
    .expect("filled");
}
