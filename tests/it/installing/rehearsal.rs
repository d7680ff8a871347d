//! What `install.sh` refuses and shows before it changes anything, here or on another machine.

use std::path::Path;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use horde_validator::settings::VARIABLES;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

const KEY: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/install.sh");

/// Runs bash with this folder for all that is kept, and with the settings that are needed.
fn bash(folder: &Path, arguments: &[&str]) -> Assert {
    Command::new("bash")
        .env_clear()
        .env("HOME", folder)
        .env("CARGO_TARGET_DIR", folder)
        .env("PATH", "/usr/bin:/bin")
        .env("BITTENSOR_NETWORK", "finney")
        .env("BITTENSOR_NETUID", "12")
        .current_dir(folder)
        .args(arguments)
        .assert()
}

#[test]
fn a_dry_run_connects_to_no_server() {
    let folder = tempfile::tempdir().expect("a folder");
    // this name leads nowhere
    let server = "server.invalid";
    bash(folder.path(), &[SCRIPT, "git-deploy", "--dry-run", server])
        .success()
        .stderr(contains("~/repos/validator.git"));
    bash(
        folder.path(),
        &[SCRIPT, "trusted-miner", "--dry-run", server, KEY, "9000"],
    )
    .success()
    .stdout("")
    .stderr(contains(KEY).and(contains("port 9000")));
    let left = std::fs::read_dir(folder.path()).expect("read").count();
    assert_eq!(left, 0);
}

#[test]
fn a_hotkey_with_the_address_of_the_coldkey_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let wallet = folder.path().join("w");
    let hotkey = wallet.join("hotkeys/h");
    std::fs::create_dir_all(wallet.join("hotkeys")).expect("a folder");
    let key = format!(r#"{{"ss58Address": "{KEY}", "secretSeed": "0x01"}}"#);
    std::fs::write(&hotkey, key).expect("written");
    let hotkey = hotkey.to_string_lossy();
    let remote = [SCRIPT, "remote", "--dry-run", "server.invalid", &hotkey];
    let coldkey = |address: &str| {
        let text = format!(r#"{{"ss58Address": "{address}"}}"#);
        std::fs::write(wallet.join("coldkeypub.txt"), text).expect("written");
    };
    coldkey("5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty");
    bash(folder.path(), &remote).success();
    coldkey(KEY);
    bash(folder.path(), &remote)
        .code(2)
        .stderr(contains("it is a coldkey").and(contains("0x01").not()));
}

/// It sends settings by name, and takes the names from the program's source.
#[test]
fn the_script_knows_every_setting() {
    let folder = tempfile::tempdir().expect("a folder");
    let names: Vec<&str> = VARIABLES.iter().map(|variable| variable.name).collect();
    let script = format!("source '{SCRIPT}'; setting_names");
    bash(folder.path(), &["-c", &script])
        .success()
        .stdout(format!("{}\n", names.join("\n")));
}
