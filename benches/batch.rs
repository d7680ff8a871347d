//! How a batch of 256 miners with 8 executors each is orchestrated: when the last job request
//! leaves after the barrier, and what it costs. Miners run in a process of their own.
//!
//! `cargo bench --bench batch`, or with other numbers: `cargo bench --bench batch -- 64 2`

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use horde_validator::hashjob::Size;
use horde_validator::keys::Keypair;
use horde_validator::miner::{MinerAddress, Tap};
use horde_validator::params::WeightsVersion;
use horde_validator::pass::Progress;
use horde_validator::scoring::DanceBonus;
use horde_validator::synthetic::batch::{BatchInput, BatchResult, Limits, run_batch};
use horde_validator::wire::ToMiner;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

const MINERS_MODE: &str = "--miners";
const CLASS: &str = "spin_up-4min.gpu-24gb";
const JOB_TAKES: Duration = Duration::from_secs(1);

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<usize> = arguments
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect();
    if arguments.iter().any(|text| text == MINERS_MODE) {
        return runtime.block_on(serve(numbers[0]));
    }
    let (miners, executors) = (
        numbers.first().copied().unwrap_or(256),
        numbers.get(1).copied().unwrap_or(8),
    );
    let (mut server, port) = start_miners(executors);
    let before = cpu_seconds();
    let begun = Instant::now();
    let result = runtime.block_on(run(miners, executors, port));
    report(&result, begun.elapsed(), cpu_seconds() - before);
    server.kill().expect("it runs");
    server.wait().expect("it was started");
}

fn start_miners(executors: usize) -> (Child, u16) {
    let mut server = Command::new(std::env::current_exe().expect("this program"))
        .args([MINERS_MODE, &executors.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let mut line = String::new();
    let output = server.stdout.as_mut().expect("piped");
    BufReader::new(output).read_line(&mut line).expect("a line");
    (server, line.trim().parse().expect("a port"))
}

/// As in production, but for the limit of jobs: that of 256 miners with 32 executors would be cut.
async fn run(miners: usize, executors: usize, port: u16) -> BatchResult {
    let mut limits = Limits::PRODUCTION;
    limits.jobs_per_batch = u32::try_from(miners * executors).expect("few enough");
    let miner = |number: usize| MinerAddress {
        hotkey: format!("miner {number}"),
        host: "127.0.0.1".into(),
        port,
    };
    let input = BatchInput {
        uuid: "bench".into(),
        keypair: Arc::new(Keypair::from_seed(&[1; 32])),
        miners: (0..miners).map(miner).collect(),
        previous_online: HashMap::new(),
        dance: DanceBonus {
            weights_version: WeightsVersion::V4,
            threshold: 1.4,
            multiplier: 1.05,
        },
        executor_caps: BTreeMap::new(),
        hash_size: Some(Size::new(2, 0, 1).expect("3844 passwords")),
        limits,
        tap: Tap::default(),
        now: chrono::Utc::now(),
    };
    run_batch(input, &Progress::hidden(), &CancellationToken::new()).await
}

fn report(result: &BatchResult, wall: Duration, cpu: f64) {
    let barrier = result.telemetry["stage_start_time"]["job requests"].as_str();
    let barrier = barrier.and_then(|text| text.parse::<chrono::DateTime<chrono::Utc>>().ok());
    let last = result
        .jobs
        .iter()
        .filter_map(|job| job.times.get("job_after_sent"))
        .max();
    let answered = result
        .jobs
        .iter()
        .filter(|job| job.times.contains_key("job_response"));
    let report = json!({
        "jobs": result.jobs.len(),
        "answered": answered.count(),
        "wall_s": wall.as_secs_f64(),
        "cpu_s": cpu,
        "last_request_after_barrier_ms":
            barrier.zip(last).map(|(barrier, last)| (last - barrier.timestamp_micros()) as f64 / 1e3),
        "peak_kib": peak_kib(),
        "stages": result.telemetry["stage_start_time"],
    });
    println!("{report:#}");
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

/// One port stands for every miner: accepts all jobs, is ready at once, and takes its time.
async fn serve(executors: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("{}", listener.local_addr().expect("bound").port());
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(serve_one(socket, executors));
    }
}

async fn serve_one(socket: TcpStream, executors: usize) {
    let Ok(socket) = tokio_tungstenite::accept_async(socket).await else {
        return;
    };
    let (mut sink, mut stream) = socket.split();
    let (say, mut says) = tokio::sync::mpsc::unbounded_channel::<String>();
    tokio::spawn(async move {
        while let Some(text) = says.recv().await {
            if sink.send(Message::text(text)).await.is_err() {
                return;
            }
        }
    });
    let tell = |message: serde_json::Value| say.send(message.to_string());
    while let Some(Ok(message)) = stream.next().await {
        let Message::Text(text) = message else {
            continue;
        };
        let told = match ToMiner::parse(&text).expect("the protocol") {
            ToMiner::Authenticate(_) => tell(json!({
                "message_type": "V0ExecutorManifestRequest",
                "manifest": {"executor_classes": [{"executor_class": CLASS, "count": executors}]},
            })),
            ToMiner::InitialJob(job) => {
                let about = |kind: &str| json!({"message_type": kind, "job_uuid": job.job_uuid});
                tell(about("V0AcceptJobRequest"))
                    .and_then(|()| tell(about("V0ExecutorReadyRequest")))
            }
            ToMiner::Job(job) => {
                let say = say.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(JOB_TAKES).await;
                    let finished = json!({
                        "message_type": "V0JobFinishedRequest",
                        "job_uuid": job.job_uuid,
                        "docker_process_stdout": "not the answer",
                        "docker_process_stderr": "",
                    });
                    // the validator may have gone
                    let _ = say.send(finished.to_string());
                });
                Ok(())
            }
            _ => Ok(()),
        };
        if told.is_err() {
            return;
        }
    }
}
