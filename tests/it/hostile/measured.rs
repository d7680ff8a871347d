//! One run of the real program: how it ended, how long it took, how much memory it had at its
//! peak and how much it wrote.

use std::fs::File;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::host::Host;

pub(super) struct Measured {
    pub(super) wall: Duration,
    pub(super) peak_kib: u64,
    /// What it wrote to standard error.
    pub(super) log: String,
    pub(super) said: String,
}

impl Measured {
    /// Runs it to its end, which has to be a good one. It is watched by a thread of its own: those
    /// of the test have hostile miners to run.
    pub(super) async fn of(host: &Host, arguments: &[&str]) -> Self {
        let (said, log) = (host.path("said"), host.path("log"));
        let file = |path| File::create(path).expect("a file");
        let mut command = host.command();
        command
            .args(arguments)
            .stdout(file(&said))
            .stderr(file(&log));
        let watch = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build();
            runtime.expect("a runtime").block_on(watched(command))
        });
        let (status, wall, peak_kib) = watch.await.expect("no panic");
        let read = |path| std::fs::read_to_string(path).expect("text");
        let (said, log) = (read(&said), read(&log));
        assert!(status.success(), "{arguments:?}: {status}\n{said}{log}");
        Self {
            wall,
            peak_kib,
            log,
            said,
        }
    }
}

/// How it ended, after how long, and its peak.
async fn watched(mut command: Command) -> (ExitStatus, Duration, u64) {
    let begun = Instant::now();
    let mut child = command.spawn().expect("started");
    let mut peak_kib = 0;
    loop {
        // The newest one, not the largest: for a moment after its start the child shows the memory
        // of its parent. At its end it shows none.
        peak_kib = peak_of(child.id()).unwrap_or(peak_kib);
        if let Some(status) = child.try_wait().expect("it was started") {
            return (status, begun.elapsed(), peak_kib);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn peak_of(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().trim_end_matches("kB").trim().parse().ok()
}
