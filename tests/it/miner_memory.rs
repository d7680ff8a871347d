//! How much memory miners can take that all send the largest message at once. A process of its
//! own is measured, since the peak of this one belongs to all tests.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use horde_validator::miner::{MinerAddress, MinerClient};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::miner_client::caller;
use crate::peer::{Line, manifest};

/// Without a bound they would hold 800 MiB.
const MINERS: usize = 16;
const LARGEST: usize = 50 << 20;
const MOST_KIB: u64 = 256 << 10;
const PORT: &str = "HORDE_TEST_PORT";

/// A frame of 50 MiB that is an answer, with escapes that make it costly to read.
fn largest_frame() -> Vec<u8> {
    let head = r#"{"message_type":"V0JobFinishedRequest","job_uuid":"job","docker_process_stderr":"","docker_process_stdout":""#;
    let mut frame = vec![0x81, 127];
    frame.extend((LARGEST as u64).to_be_bytes());
    frame.extend(head.as_bytes());
    let end = 10 + LARGEST - 2;
    while frame.len() + 2 <= end {
        frame.extend(br"\n");
    }
    frame.resize(end, b'x');
    frame.extend(br#""}"#);
    frame
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_messages_of_all_miners_at_once_fit_into_256_mib() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let frame = Arc::new(largest_frame());
    let miners = tokio::spawn(async move {
        let mut lines = Vec::new();
        for _ in 0..MINERS {
            let (socket, _) = listener.accept().await.expect("a validator");
            let mut line = Line(
                tokio_tungstenite::accept_async(socket)
                    .await
                    .expect("websocket"),
            );
            line.hear().await;
            lines.push(line);
        }
        // all at once, and only when all are there
        for mut line in lines {
            let frame = frame.clone();
            tokio::spawn(async move {
                // the validator may leave before it has read all of it
                let _ = line.0.get_mut().write_all(&frame).await;
                line.say(manifest("spin_up-4min.gpu-24gb", 1)).await;
                line.stay().await;
            });
        }
    });
    let mut child = std::process::Command::new(std::env::current_exe().expect("this binary"));
    child.args([
        "--ignored",
        "--exact",
        "--nocapture",
        "miner_memory::measured",
    ]);
    child.env(PORT, port.to_string()).stderr(Stdio::inherit());
    let output = tokio::task::spawn_blocking(move || child.output()).await;
    let output = output.expect("no panic").expect("started");
    miners.await.expect("all came");
    let text = String::from_utf8_lossy(&output.stdout);
    let peak = text
        .lines()
        .find_map(|line| line.split("peak_kib=").nth(1)?.trim().parse().ok());
    let peak: u64 = peak.unwrap_or_else(|| panic!("no measure in {text}"));
    assert!(peak < MOST_KIB, "{peak} KiB");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "is run by the test above, in a process of its own"]
async fn measured() {
    let port = std::env::var_os(PORT).expect(PORT);
    let port = port
        .to_str()
        .and_then(|port| port.parse().ok())
        .expect("a port");
    let caller = caller();
    let miner = |number: usize| {
        let hotkey = format!("miner {number}");
        let address = MinerAddress {
            hotkey,
            host: "127.0.0.1".into(),
            port,
        };
        let client = MinerClient::connect(address, caller.clone());
        client.expect(["job".to_owned()]);
        client
    };
    let clients: Vec<_> = (0..MINERS).map(miner).collect();
    for client in &clients {
        // it comes after the large message: that one was read or thrown away
        let manifest = timeout(Duration::from_secs(100), client.manifest()).await;
        let manifest = manifest
            .expect("in time")
            .expect("the connection outlives it");
        manifest.what.expect("readable");
    }
    let read = clients
        .iter()
        .filter(|client| client.answers("job").end.is_some())
        .count();
    assert!(read >= 1, "there was room for one");
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("VmHWM");
    println!("peak_kib={}", peak.trim().trim_end_matches("kB"));
}
