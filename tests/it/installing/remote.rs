//! `install.sh remote`, `trusted-miner` and tests on another machine, from one system to another over
//! a real sshd.

use std::process::Output;

use super::write_wallet;
use crate::debian::{Debian, said};

/// One's own machine, and a server that it can log in to.
pub(super) struct Pair {
    pub(super) own: Debian,
    pub(super) server: Debian,
    pub(super) port: u16,
}

impl Pair {
    pub(super) fn new() -> Option<Self> {
        let (own, mut server) = (Debian::new()?, Debian::new()?);
        own.run_well(
            "mkdir -p -m 700 /root/.ssh; ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519",
        );
        let port = server.serve_ssh(&own.read("/root/.ssh/id_ed25519.pub"));
        own.write(
            "/root/.ssh/config",
            &format!(
                "Host server\n HostName 127.0.0.1\n User root\n Port {port}\n \
                 StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n LogLevel ERROR\n"
            ),
        );
        own.run_well("chown -R root: /root/.ssh; chmod 600 /root/.ssh/config");
        Some(Self { own, server, port })
    }

    pub(super) fn install(&self, environment: &str, arguments: &str) -> Output {
        let script = format!("cd /src; {environment} ./install.sh {arguments}");
        self.own.run(&script)
    }
}

const NEEDED: &str = "BITTENSOR_NETWORK=finney BITTENSOR_NETUID=12";

#[test]
fn a_server_gets_hotkey_settings_and_program_over_ssh() {
    let Some(pair) = Pair::new() else {
        return;
    };
    let hotkey = write_wallet(&pair.own, "my wallet", "a;key");
    let environment = format!(
        r#"{NEEDED} MIGRATING=1 EMAIL_HOST_PASSWORD='it'"'"'s "$ecret" \ x' EMAIL_HOST_USER=me"#
    );
    let remote = format!("remote --binary horde server '{hotkey}'");
    let output = pair.install(&environment, &remote);
    assert!(output.status.success(), "{}", said(&output));
    assert!(!said(&output).contains("ecret"), "{}", said(&output));
    let server = &pair.server;
    let config = server.run_well("horde --env-file /etc/horde/horde.env config");
    for line in [
        "BITTENSOR_NETWORK=finney",
        "BITTENSOR_WALLET_NAME=mywallet",
        "BITTENSOR_WALLET_HOTKEY_NAME=default",
        "MIGRATING=1",
    ] {
        assert!(config.contains(line), "{line}: {config}");
    }
    assert!(
        server
            .read("/etc/horde/horde.env")
            .contains(r#"EMAIL_HOST_PASSWORD="it's \"\$ecret\" \\ x""#),
        "{}",
        server.read("/etc/horde/horde.env")
    );
    server.run_well("test -s /etc/horde/wallets/mywallet/hotkeys/default");
    server.run_well("test -s /etc/horde/wallets/mywallet/coldkeypub.txt");
    assert_eq!(
        server.run_well("ls -A /root | grep install || true"),
        "",
        "nothing stays"
    );
    // once more, with another value: what the server has stays
    let output = pair.install("BITTENSOR_NETWORK=test BITTENSOR_NETUID=174", &remote);
    assert!(output.status.success(), "{}", said(&output));
    assert!(
        said(&output).contains("BITTENSOR_NETWORK has a value"),
        "{}",
        said(&output)
    );
}

#[test]
fn what_must_not_reach_a_server_is_refused_before_anything_is_sent() {
    let Some(pair) = Pair::new() else {
        return;
    };
    let hotkey = write_wallet(&pair.own, "w", "h");
    let remote = format!("remote --binary horde server {hotkey}");
    let refused = |environment: &str, arguments: &str, finding: &str| {
        let output = pair.install(environment, arguments);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(
            said(&output).contains(finding),
            "{finding}: {}",
            said(&output)
        );
    };
    refused("", &remote, "BITTENSOR_NETWORK BITTENSOR_NETUID");
    refused(
        &format!("{NEEDED} EMAIL_HOST_PASSWORD=$'a\\nb'"),
        &remote,
        "line breaks or control characters: EMAIL_HOST_PASSWORD",
    );
    pair.own.run_well(&format!(
        "cp {hotkey} /srv/wallets/w/coldkey; ln -s ../coldkey /srv/wallets/w/hotkeys/link"
    ));
    for path in ["coldkey", "hotkeys/link"] {
        refused(
            NEEDED,
            &format!("remote --binary horde server /srv/wallets/w/{path}"),
            "coldkey",
        );
    }
    refused(
        NEEDED,
        "remote --binary horde server /srv/wallets/w/hotkeys/none",
        "not a hotkey file",
    );
    assert!(!pair.server.path("/etc/horde").exists());
    let output = pair.install(NEEDED, &format!("remote --dry-run server {hotkey}"));
    assert!(said(&output).contains("would send"), "{}", said(&output));
    assert!(!pair.server.path("/etc/horde").exists());
}

#[test]
fn a_trusted_miner_is_set_up_with_docker_and_the_key_of_the_validator() {
    let Some(pair) = Pair::new() else {
        return;
    };
    let server = &pair.server;
    // what a GPU server has; a port that answers stands for the miner's
    server.write("/etc/os-release", "ID=ubuntu\nVERSION_ID=\"22.04\"\n");
    for (name, body) in [
        ("docker", "case $* in *Runtimes*) echo nvidia ;; esac"),
        ("nvidia-smi", "echo 'NVIDIA RTX A6000'"),
        ("nvidia-ctk", ":"),
    ] {
        let script = format!("#!/bin/sh\necho \"{name} $*\" >>/root/calls\n{body}\n");
        server.write(&format!("/usr/local/bin/{name}"), &script);
    }
    server.run_well("chmod 755 /usr/local/bin/*");
    let key = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    let output = pair.install(
        "",
        &format!("trusted-miner --wait 20 server {key} {}", pair.port),
    );
    assert!(output.status.success(), "{}", said(&output));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        printed,
        format!(
            "TRUSTED_MINER_KEY={key}\nTRUSTED_MINER_ADDRESS=127.0.0.1\nTRUSTED_MINER_PORT={}\n",
            pair.port
        )
    );
    let settings = server.read("/root/compute_horde_miner/.env");
    for line in [
        "IS_LOCAL_MINER=1".to_owned(),
        format!("LOCAL_MINER_VALIDATOR_PUBLIC_KEY={key}"),
        "DEFAULT_EXECUTOR_CLASS=always_on.llm.a6000".to_owned(),
    ] {
        assert!(settings.contains(&line), "{settings}");
    }
    let compose = server.read("/root/compute_horde_miner/docker-compose.yml");
    assert!(compose.contains("backenddevelopersltd/compute-horde-miner-runner:v0-latest"));
    assert!(
        server
            .read("/root/calls")
            .contains("docker compose up --detach")
    );
    for (arguments, finding) in [
        ("server /root/key.txt", "is a path"),
        ("server 5Grwva", "is not an ss58 address"),
        (&format!("server {key} 99999") as &str, "is not a port"),
    ] {
        let output = pair.install("", &format!("trusted-miner {arguments}"));
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(finding), "{}", said(&output));
    }
}

#[test]
fn a_test_program_runs_on_the_remote_host_and_its_output_and_exit_status_come_back() {
    let Some(pair) = Pair::new() else {
        return;
    };
    let own = &pair.own;
    pair.server.run_well("rm -r /src");
    let runner = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/remote_runner.sh");
    own.take(std::path::Path::new(runner), "/src/tests/");
    own.write(
        "/src/target/debug/deps/some-test",
        "#!/bin/sh\necho \"on $PWD with $2 and $CARGO_MANIFEST_DIR\"; cat data; exit 3\n",
    );
    own.write("/src/data", "of the project\n");
    let output = own.run(
        "chmod 755 /src/target/debug/deps/some-test; cd /src; \
         export REMOTE_HOST=server REMOTE_DIR=/root/there CARGO_MANIFEST_DIR=/src; \
         tests/remote_runner.sh target/debug/deps/some-test --exact 'two words'",
    );
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(printed, "on /src with two words and /src\nof the project\n");
}
