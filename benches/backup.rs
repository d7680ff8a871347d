//! What a backup of a large database costs, and how long passes that write meanwhile wait, beside
//! `sqlite3 .backup` and `zstd -3` on the same file in the same run; then a restore.
//!
//! `cargo bench --bench backup`, or with another size in MiB: `cargo bench --bench backup -- 128`.
//! The database holds receipts, as most of a validator's does.

#![expect(
    clippy::disallowed_methods,
    reason = "there is no runtime here whose threads could be held up"
)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use horde_validator::store::{PassOutcome, SignedReceipt, Store};
use horde_validator::wire::receipt::ReceiptKind;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

const RECEIPTS_AT_ONCE: u32 = 20_000;
const BETWEEN_WRITES: Duration = Duration::from_millis(10);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let size = arguments.iter().find_map(|text| text.parse().ok());
    let mebibytes: u64 = size.unwrap_or(1024);
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).expect("a folder on disk");
    let database = folder.path().join("horde.db");
    fill(&database, mebibytes << 20);
    let bytes = std::fs::metadata(&database).expect("made").len();
    let idle = latencies(&database, || std::thread::sleep(Duration::from_secs(5)));
    let mut rounds = Vec::new();
    for _ in 0..3 {
        let theirs = reference(folder.path());
        let mut ours = Value::Null;
        let waits = latencies(&database, || {
            ours = horde(folder.path(), &["backup-db", "--local-only"]);
        });
        let ratio = theirs.map(|seconds| ours["seconds"].as_f64().expect("a number") / seconds);
        rounds.push(json!({
            "backup_db": ours,
            "sqlite3_and_zstd_seconds": theirs,
            "times_as_long": ratio,
            "writes_meanwhile_ms": waits,
        }));
    }
    let report = json!({
        "bytes": bytes,
        "writes_without_backup_ms": idle,
        "rounds": rounds,
        "verify_backup": horde(folder.path(), &["verify-backup"]),
        "restore_db": horde(folder.path(), &["restore-db"]),
    });
    println!("{report:#}");
}

fn fill(database: &Path, bytes: u64) {
    let mut store = Store::open_or_create(database).expect("a database");
    let mut random = StdRng::seed_from_u64(1);
    while std::fs::metadata(database).expect("made").len() < bytes {
        let receipts: Vec<SignedReceipt> = (0..RECEIPTS_AT_ONCE)
            .map(|_| receipt(&mut random))
            .collect();
        store.keep_receipts(&receipts, &[]).expect("kept");
    }
    store.close().expect("in one file");
}

fn receipt(random: &mut StdRng) -> SignedReceipt {
    let mut hex = |bytes: usize| -> String {
        (0..bytes)
            .map(|_| format!("{:02x}", random.random::<u8>()))
            .collect()
    };
    let (job_uuid, miner, validator) = (hex(16), hex(2), "5Validator".repeat(4));
    let (miner_hotkey, signatures) = (format!("5Miner{}", miner.repeat(10)), [hex(64), hex(64)]);
    let [validator_signature, miner_signature] = signatures;
    let time = Utc::now() - TimeDelta::microseconds(random.random_range(0..600_000_000_000));
    SignedReceipt {
        kind: ReceiptKind::Started,
        payload: format!(
            r#"{{"job_uuid": "{job_uuid}", "miner_hotkey": "{miner_hotkey}", "time_accepted": "{time}"}}"#
        ),
        job_uuid,
        miner_hotkey,
        validator_hotkey: validator,
        validator_signature,
        miner_signature,
        time,
    }
}

/// How long writes take while `work` goes on: median, 99th percentile and longest.
fn latencies(database: &Path, work: impl FnOnce()) -> Value {
    let (tell, told) = std::sync::mpsc::channel::<()>();
    let database = database.to_owned();
    let writer = std::thread::spawn(move || {
        let mut store = Store::open(&database).expect("it opens");
        let mut waits = Vec::new();
        while told.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            let begun = Instant::now();
            let pass = store
                .begin_pass("writer", "x", Utc::now())
                .expect("written");
            waits.push(begun.elapsed());
            store
                .end_pass(pass, PassOutcome::Done, "", Utc::now())
                .expect("written");
            std::thread::sleep(BETWEEN_WRITES);
        }
        waits
    });
    work();
    drop(tell);
    let mut waits = writer.join().expect("no panic");
    waits.sort_unstable();
    let at = |share: f64| {
        let place = ((waits.len() - 1) as f64 * share).round();
        waits[place as usize].as_secs_f64() * 1000.0
    };
    json!({"writes": waits.len(), "median": at(0.5), "p99": at(0.99), "longest": at(1.0)})
}

/// Runs the program and watches how much memory it takes.
fn horde(folder: &Path, arguments: &[&str]) -> Value {
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_horde"))
        .args(arguments)
        .env_clear()
        .env("HOME", folder)
        .env("HORDE_DB", folder.join("horde.db"))
        .env("BACKUP_LOCAL_ROTATE_KEEP_LAST", "1")
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("it starts");
    let peak_kib = watch(&mut child);
    json!({"seconds": begun.elapsed().as_secs_f64(), "peak_mib": peak_kib / 1024})
}

fn watch(child: &mut Child) -> u64 {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
        // the newest one: for a moment after its start a child shows the memory of its parent
        peak = kib.unwrap_or(peak);
        if let Some(status) = child.try_wait().expect("it was started") {
            assert!(status.success(), "{status}");
            return peak;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Seconds; `None`: the programs are not here.
fn reference(folder: &Path) -> Option<f64> {
    let script =
        "sqlite3 horde.db '.backup copy.db' && zstd -q -3 copy.db -o copy.zst && sync copy.zst";
    let begun = Instant::now();
    let done = Command::new("sh")
        .args(["-c", script])
        .current_dir(folder)
        .status()
        .is_ok_and(|status| status.success());
    let seconds = begun.elapsed().as_secs_f64();
    for name in ["copy.db", "copy.zst"] {
        // it may not have come so far
        let _ = std::fs::remove_file(folder.join(name));
    }
    done.then_some(seconds)
}
