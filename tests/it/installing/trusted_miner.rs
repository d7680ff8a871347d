//! `install.sh trusted-miner` on a server that has a GPU and nothing else. Commands that would reach
//! the package sources or docker are stand-ins that note what they were called with.

use super::remote::Pair;
use crate::debian::{Debian, said};

const KEY: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

/// What it has. Packages "install" their command by taking the place of a name with `.later`.
const COMMANDS: [(&str, &str); 6] = [
    ("nvidia-smi", "echo 'NVIDIA RTX A6000'"),
    (
        "apt-get",
        "cd /usr/local/bin; case $* in *docker.io*) mv docker.later docker ;; \
         *\" curl \"*) mv curl.later curl ;; \
         *nvidia-container-toolkit*) mv nvidia-ctk.later nvidia-ctk ;; esac",
    ),
    (
        "docker.later",
        "case $* in info*) cat /root/runtimes 2>/dev/null ;; esac",
    ),
    ("curl.later", "echo 'the key of the packages'"),
    (
        "nvidia-ctk.later",
        "echo configured; echo nvidia >/root/runtimes",
    ),
    ("systemctl", ""),
];

fn gpu_server(server: &Debian) {
    server.write("/etc/os-release", "ID=ubuntu\nVERSION_ID=\"22.04\"\n");
    for (name, body) in COMMANDS {
        let called = name.trim_end_matches(".later");
        let script = format!("#!/bin/sh\necho \"{called} $*\" >>/root/calls\n{body}\n");
        server.write(&format!("/usr/local/bin/{name}"), &script);
    }
    server.run_well("chmod 755 /usr/local/bin/*");
}

/// The calls that change something, since the last look.
fn changes(server: &Debian) -> Vec<String> {
    let calls = server.read("/root/calls");
    server.write("/root/calls", "");
    calls
        .lines()
        .map(|call| match call.split_once(" install ") {
            Some((_, packages)) => format!("install {packages}"),
            None => call.to_owned(),
        })
        .filter(|call| {
            let asks = ["nvidia-smi", "docker info", "docker compose version"];
            !asks.iter().any(|question| call.starts_with(question)) && !call.ends_with(" update")
        })
        .collect()
}

#[test]
fn a_server_with_a_gpu_and_nothing_else_gets_all_and_a_second_run_keeps_what_is_there() {
    let Some(pair) = Pair::new() else {
        return;
    };
    let server = &pair.server;
    gpu_server(server);
    // the port of the ssh server stands for the miner's
    let command = format!("trusted-miner server {KEY} {}", pair.port);
    let output = pair.install("", &command);
    assert!(output.status.success(), "{}", said(&output));
    // nothing of what the commands there print
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        printed.lines().next(),
        Some(format!("TRUSTED_MINER_KEY={KEY}").as_str())
    );
    let packages = "install --yes --no-install-recommends --no-remove";
    assert_eq!(
        changes(server),
        [
            &format!("{packages} docker.io docker-compose-v2") as &str,
            &format!("{packages} curl ca-certificates"),
            "curl -fsSL --retry 3 https://nvidia.github.io/libnvidia-container/gpgkey",
            &format!("{packages} nvidia-container-toolkit"),
            "nvidia-ctk runtime configure --runtime=docker",
            "systemctl restart docker",
            "docker compose up --detach --pull always",
        ]
    );
    let source = server.read("/etc/apt/sources.list.d/nvidia-container-toolkit.list");
    assert!(source.contains("signed-by=/usr/share/keyrings/nvidia-container-toolkit.asc"));

    let settings = "/root/compute_horde_miner/.env";
    // without the end of its last line
    let before = format!("{}MINE=1", server.read(settings));
    server.write(settings, &before);
    let output = pair.install("", &format!("{command} spin_up-4min.gpu-24gb"));
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(
        changes(server),
        ["docker compose up --detach --pull always"]
    );
    let after = server.read(settings);
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let expected = before.replace("always_on.llm.a6000", "spin_up-4min.gpu-24gb");
    assert_eq!(sorted(&after), sorted(&expected));
}

#[test]
fn a_server_without_ubuntu_or_gpu_is_told_so_and_left_alone() {
    let Some(pair) = Pair::new() else {
        return;
    };
    for (system, finding) in [
        ("debian", "does not run Ubuntu"),
        ("ubuntu", "no NVIDIA GPU"),
    ] {
        pair.server
            .write("/etc/os-release", &format!("ID={system}\n"));
        let output = pair.install("", &format!("trusted-miner server {KEY}"));
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(finding), "{}", said(&output));
    }
    assert!(!pair.server.path("/root/compute_horde_miner").exists());
}
