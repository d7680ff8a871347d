//! Metrics: counts equal what rows tell and outlive them, one exchange over a connection, a file
//! that is always whole.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;

use horde_validator::devnet::node::CommitScheme;
use horde_validator::metrics::CATALOGUE;
use predicates::str::contains;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::certificate::Certified;
use crate::host::{self, Host};

fn machine() -> Host {
    let host = Host::new();
    host.horde(&["migrate"]).success();
    host
}

fn metrics(host: &Host) -> String {
    let run = host.horde(&["metrics"]).success();
    String::from_utf8(run.get_output().stdout.clone()).expect("text")
}

fn value(text: &str, sample: &str) -> Option<f64> {
    let mut lines = text.lines();
    let line = lines.find(|line| {
        line.rsplit_once(' ')
            .is_some_and(|(name, _)| name == sample)
    })?;
    line.rsplit_once(' ')?.1.parse().ok()
}

#[test]
fn counts_equal_the_rows_and_outlive_them() {
    let node = host::start(host::chain(CommitScheme::Epochs));
    let host = Host::on(&node);
    host.finish_batch(&node, &[(2, 0.5), (3, 1.0), (4, 0.0)]);
    host.horde(&["evict"]).success();
    host.horde(&["evict"]).success();
    let class = "executor_class=\"spin_up-4min.gpu-24gb\"";
    let told = |text: &str| {
        for (sample, wanted) in [
            ("horde_batches_total{state=\"done\"}", 1.0),
            (
                &*format!("horde_jobs_total{{{class},outcome=\"completed\"}}"),
                3.0,
            ),
            (&*format!("horde_job_score_sum{{{class}}}"), 1.5),
            (&*format!("horde_job_score_count{{{class}}}"), 3.0),
            (&*format!("horde_job_score_bucket{{{class},le=\"0\"}}"), 1.0),
            (
                &*format!("horde_job_score_bucket{{{class},le=\"0.5\"}}"),
                2.0,
            ),
            (
                &*format!("horde_job_score_bucket{{{class},le=\"+Inf\"}}"),
                3.0,
            ),
            ("horde_passes_total{outcome=\"idle\",pass=\"evict\"}", 2.0),
            ("horde_pass_duration_seconds_count{pass=\"evict\"}", 2.0),
            ("horde_pass_failing{pass=\"evict\"}", 0.0),
        ] {
            assert_eq!(value(text, sample), Some(wanted), "{sample} in {text}");
        }
    };
    let text = metrics(&host);
    told(&text);
    assert_eq!(
        value(&text, "horde_batch_miners{manifest=\"yes\"}"),
        Some(3.0)
    );
    let db = rusqlite::Connection::open(host.database()).expect("it opens");
    db.execute_batch("DELETE FROM jobs; DELETE FROM batches; DELETE FROM batch_miners;")
        .expect("deleted");
    told(&metrics(&host));
}

#[test]
fn every_sample_is_in_the_catalogue() {
    let text = metrics(&machine());
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().expect("a name");
        assert!(CATALOGUE.iter().any(|metric| metric.name == name), "{name}");
    }
    assert!(value(&text, "horde_database_size_bytes") > Some(0.0));
}

#[test]
fn metrics_do_not_wait_for_a_writer() {
    let host = machine();
    let db = rusqlite::Connection::open(host.database()).expect("it opens");
    db.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let begun = Instant::now();
    metrics(&host);
    // a writer would have waited for ten
    assert!(begun.elapsed().as_secs() < 8);
}

#[test]
fn the_file_is_replaced_as_a_whole_and_can_be_read_by_others() {
    let host = machine();
    let file = host.path("horde.prom");
    let name = file.display().to_string();
    for _ in 0..2 {
        host.horde(&["metrics", "--textfile", &name]).success();
    }
    let text = fs::read_to_string(&file).expect("written");
    assert_eq!(value(&text, "horde_serving"), Some(1.0));
    let mode = fs::metadata(&file).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    host.horde(&["metrics", "--textfile", "/no/such/folder/x.prom"])
        .code(1)
        .stderr(contains("/no/such/folder/x.prom"));
}

/// Starts one exchange as systemd does, and gives back the other end of its connection.
fn scraped(host: &Host) -> (TcpStream, std::process::Child) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let client = TcpStream::connect(listener.local_addr().expect("bound")).expect("connected");
    let (accepted, _) = listener.accept().expect("accepted");
    let mut command = host.command();
    command.args(["metrics", "--socket-activated"]);
    command.stdin(Stdio::from(OwnedFd::from(accepted)));
    (client, command.spawn().expect("started"))
}

fn answered(mut stream: impl Read + Write) -> String {
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .expect("sent");
    let mut answer = String::new();
    // whoever is refused sees the connection end
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn one_exchange_is_answered_over_a_connection() {
    let host = machine();
    let (client, mut horde) = scraped(&host);
    let answer = answered(client);
    assert!(horde.wait().expect("ended").success());
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("horde_serving 1\n"), "{answer}");
    // a client that says nothing and goes is no failure
    let (client, mut horde) = scraped(&host);
    drop(client);
    assert!(horde.wait().expect("ended").success());
    host.horde(&["metrics", "--socket-activated"])
        .code(1)
        .stderr(contains("stdin is not a connection"));
}

#[test]
fn with_certificates_only_their_clients_are_answered() {
    let mut host = machine();
    let (server, client) = (Certified::new("localhost"), Certified::new("scraper"));
    let folder = host.path("monitoring");
    fs::create_dir(&folder).expect("made");
    host.set("HORDE_MONITORING_CERTS", folder.display());
    fs::write(folder.join("cert.crt"), server.certificate_pem()).expect("written");
    fs::write(folder.join("ca.crt"), client.authority_pem()).expect("written");
    let (mut half, mut horde) = scraped(&host);
    let mut answer = Vec::new();
    let _ = half.read_to_end(&mut answer);
    assert_eq!(horde.wait().expect("ended").code(), Some(2));
    assert!(answer.is_empty(), "a half-set identity answers nobody");

    fs::write(folder.join("cert.key"), server.key_pem()).expect("written");
    let stranger = Certified::new("stranger");
    for (who, is_answered) in [
        (Some(&client), true),
        (Some(&stranger), false),
        (None, false),
    ] {
        let (stream, mut horde) = scraped(&host);
        let session = session(&server, who);
        let answer = answered(StreamOwned::new(session, stream));
        assert!(horde.wait().expect("ended").success());
        assert_eq!(
            answer.contains("horde_serving 1\n"),
            is_answered,
            "{answer}"
        );
    }
}

fn session(server: &Certified, client: Option<&Certified>) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    roots.add(server.authority()).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_root_certificates(roots);
    let config = match client {
        Some(client) => config
            .with_client_auth_cert(vec![client.certificate()], client.key())
            .expect("a key of this certificate"),
        None => config.with_no_client_auth(),
    };
    let name = ServerName::try_from("localhost").expect("a name");
    ClientConnection::new(Arc::new(config), name).expect("a session")
}
