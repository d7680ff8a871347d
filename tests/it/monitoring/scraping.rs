//! A real Prometheus and a real node_exporter: metrics arrive as a file, and through a socket in
//! clear text and in TLS.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use assert_cmd::assert::OutputAssertExt;
use serde_json::Value;

use super::{FOLDER, dashboard, validator};
use crate::host::{Host, poll};
use crate::program::{Server, free_port, tool};

/// Generous: a busy machine starts four programs.
const PATIENCE: Duration = Duration::from_secs(90);

/// The programs of others that this needs.
struct Tools {
    prometheus: PathBuf,
    exporter: PathBuf,
    activate: PathBuf,
}

impl Tools {
    /// `None`, and says so, where one is missing.
    fn find() -> Option<Self> {
        Some(Self {
            prometheus: tool("prometheus")?,
            exporter: tool("prometheus-node-exporter")?,
            activate: tool("systemd-socket-activate")?,
        })
        .filter(|_| tool("openssl").is_some())
    }

    /// What a socket unit of systemd does.
    fn socket(&self, host: &Host) -> Server {
        let port = free_port();
        let mut arguments = vec![
            "--accept".to_owned(),
            "--inetd".to_owned(),
            format!("--listen=127.0.0.1:{port}"),
        ];
        for (name, value) in host.settings() {
            arguments.push(format!("--setenv={name}={value}"));
        }
        let horde = env!("CARGO_BIN_EXE_horde");
        arguments.extend([horde, "metrics", "--socket-activated"].map(str::to_owned));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Server::start(&self.activate, &arguments, &[], after("Listening on "))
    }

    fn node_exporter(&self, folder: &Path) -> Server {
        let address = format!("--web.listen-address=127.0.0.1:{}", free_port());
        let folder = format!("--collector.textfile.directory={}", folder.display());
        let arguments = [
            "--collector.disable-defaults",
            "--collector.textfile",
            &folder,
            &address,
        ];
        Server::start(&self.exporter, &arguments, &[], after("istening on"))
    }

    fn prometheus(&self, config: &Path, data: &Path) -> Server {
        let address = format!("--web.listen-address=127.0.0.1:{}", free_port());
        let config = format!("--config.file={}", config.display());
        let data = format!("--storage.tsdb.path={}", data.display());
        Server::start(
            &self.prometheus,
            &[&config, &data, &address],
            &[],
            after("Start listening for connections"),
        )
    }
}

/// Finds a port of loopback in a line that has these words.
fn after(words: &'static str) -> impl Fn(&str) -> Option<&str> {
    move |line| {
        let (_, rest) = line.split_once(words)?;
        let (_, port) = rest.split_once("127.0.0.1:")?;
        port.split(|c: char| !c.is_ascii_digit()).next()
    }
}

/// Asks Prometheus; `None`: it does not answer yet.
fn asked(prometheus: &Server, path: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(("127.0.0.1", prometheus.port)).ok()?;
    write!(stream, "GET /api/v1/{path} HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    let answer: Value = serde_json::from_str(body).ok()?;
    (answer["status"] == "success").then(|| answer["data"].clone())
}

/// The jobs for which a query has this value, in order.
fn jobs_with(prometheus: &Server, query: &str, value: &str) -> Vec<String> {
    let data = asked(prometheus, &format!("query?query={query}")).unwrap_or_default();
    let samples = data["result"].as_array().cloned().unwrap_or_default();
    let are_so = samples.iter().filter(|sample| sample["value"][1] == value);
    let mut jobs: Vec<String> = are_so
        .filter_map(|sample| Some(sample["metric"]["job"].as_str()?.to_owned()))
        .collect();
    jobs.sort();
    jobs
}

/// Makes certificates as the documentation says, and gives them to the endpoint, too.
fn make_certificates(scraper: &Path, endpoint: &Path) {
    let page = include_str!("../../../docs/monitoring.md");
    let (_, script) = page.split_once("\n    openssl ").expect("a script");
    let lines = script.lines().take_while(|line| !line.is_empty());
    let script = format!("set -e\nopenssl {}", lines.collect::<Vec<_>>().join("\n"));
    fs::create_dir(scraper).expect("a folder");
    fs::create_dir(endpoint).expect("a folder");
    Command::new("sh")
        .args(["-c", &script])
        .current_dir(scraper)
        .assert()
        .success();
    for name in ["ca.crt", "cert.crt", "cert.key"] {
        fs::copy(scraper.join(name), endpoint.join(name)).expect("copied");
    }
}

/// Scrapes each second, and evaluates the alerts and all that the dashboard asks for.
fn config(plain: u16, encrypted: u16, exporter: u16, scraper: &Path) -> String {
    let scraper = scraper.display();
    format!(
        r#"global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{FOLDER}/horde.rules.yml", dashboard.rules.yml]
scrape_configs:
  - job_name: plain
    static_configs: [targets: ["127.0.0.1:{plain}"]]
  - job_name: encrypted
    scheme: https
    tls_config:
      ca_file: {scraper}/ca.crt
      cert_file: {scraper}/prometheus.crt
      key_file: {scraper}/prometheus.key
      server_name: validator.example.org
    static_configs: [targets: ["127.0.0.1:{encrypted}"]]
  - job_name: stranger
    scheme: https
    tls_config: {{ca_file: {scraper}/ca.crt, server_name: validator.example.org}}
    static_configs: [targets: ["127.0.0.1:{encrypted}"]]
  - job_name: textfile
    static_configs: [targets: ["127.0.0.1:{exporter}"]]
"#
    )
}

#[test]
fn a_real_prometheus_scrapes_in_every_way() {
    let Some(tools) = Tools::find() else {
        return;
    };
    let (_node, mut host) = validator();
    let plain = tools.socket(&host);

    let textfiles = host.path("textfiles");
    fs::create_dir(&textfiles).expect("a folder");
    let file = textfiles.join("horde.prom").display().to_string();
    host.horde(&["metrics", "--textfile", &file]).success();
    let exporter = tools.node_exporter(&textfiles);

    let (certificates, scraper) = (host.path("monitoring"), host.path("scraper"));
    make_certificates(&scraper, &certificates);
    host.set("HORDE_MONITORING_CERTS", certificates.display());
    let encrypted = tools.socket(&host);

    let file = host.path("prometheus.yml");
    let text = config(plain.port, encrypted.port, exporter.port, &scraper);
    fs::write(&file, text).expect("written");
    fs::write(host.path("dashboard.rules.yml"), dashboard::as_rules()).expect("written");
    let prometheus = tools.prometheus(&file, &host.path("prometheus"));

    let ways = ["encrypted", "plain", "textfile"];
    poll("a scrape in every way", PATIENCE, || {
        (jobs_with(&prometheus, "up", "1") == ways).then_some(())
    });
    assert_eq!(jobs_with(&prometheus, "horde_build_info", "1"), ways);
    let executors = jobs_with(&prometheus, "horde_batch_executors", "3");
    assert_eq!(executors, ways, "all tell the same");
    // what the alert for an old file looks at
    let age = "time()-node_textfile_mtime_seconds{file=~\".*horde[.]prom\"}<bool(3600)";
    assert_eq!(jobs_with(&prometheus, age, "1"), ["textfile"]);
    poll("a refusal of who has no certificate", PATIENCE, || {
        (jobs_with(&prometheus, "up", "0") == ["stranger"]).then_some(())
    });
    poll("an evaluation of every rule", PATIENCE, || {
        let data = asked(&prometheus, "rules")?;
        let groups = data["groups"].as_array().expect("groups");
        let rules = groups.iter().flat_map(|group| group["rules"].as_array());
        let mut rules = rules.flatten();
        rules
            .all(|rule| {
                assert_ne!(rule["health"], "err", "{rule:#}");
                rule["health"] == "ok"
            })
            .then_some(())
    });
}
