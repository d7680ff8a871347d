//! `install.sh` on machines that lack this or that: a folder of stand-in commands is the whole
//! `PATH`, so what the script would do to a real machine is only noted. What the real package
//! manager and the real rustup answer is not known here.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use predicates::prelude::*;
use predicates::str::contains;

/// What the script takes for granted on any machine.
const BASE_COMMANDS: [&str; 7] = ["bash", "sh", "dirname", "env", "cat", "sed", "sort"];

const RECENT_CARGO: &str = "case $* in *--version) echo 'cargo 99.0.0 (stand-in)' ;; esac";
const OLD_CARGO: &str = "case $* in *--version) echo 'cargo 1.63.0 (stand-in)' ;; esac";

struct Machine(tempfile::TempDir);

impl Machine {
    /// A machine that has git, a C compiler and nothing else.
    fn with_compiler() -> Self {
        let machine = Self::bare();
        machine.add("cc", "");
        machine.add("git", "");
        machine
    }

    fn bare() -> Self {
        let machine = Self(tempfile::tempdir().expect("a folder for the test"));
        fs::create_dir(machine.bin()).expect("a folder for commands");
        for name in BASE_COMMANDS {
            let target = ["/usr/bin", "/bin"]
                .map(|folder| Path::new(folder).join(name))
                .into_iter()
                .find(|path| path.exists())
                .expect("a command of every machine");
            symlink(target, machine.bin().join(name)).expect("a link");
        }
        machine
    }

    /// Adds a command that notes its call, then runs `body`.
    fn add(&self, name: &str, body: &str) {
        let path = self.bin().join(name);
        let script = format!(
            "#!/usr/bin/env bash\necho \"{name} $*\" >>'{}'\n{body}\n",
            self.log().display()
        );
        fs::write(&path, script).expect("a command");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its run bit");
    }

    fn run(&self, arguments: &[&str]) -> Assert {
        Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh"))
            .env_clear()
            .env("HOME", self.0.path())
            .env("PATH", self.bin())
            .timeout(std::time::Duration::from_secs(20))
            .args(arguments)
            .assert()
    }

    /// The calls so far, without those that only ask.
    fn calls(&self) -> Vec<String> {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        log.lines()
            .filter(|call| !call.contains("--version") && !call.contains("--simulate"))
            .map(str::to_owned)
            .collect()
    }

    fn bin(&self) -> PathBuf {
        self.0.path().join("bin")
    }

    fn log(&self) -> PathBuf {
        self.0.path().join("calls")
    }
}

#[test]
fn help_lists_the_commands_in_80_columns() {
    Machine::bare().run(&["--help"]).success().stdout(
        contains("demo [ARGUMENT...]")
            .and(contains("test "))
            .and(predicate::function(|text: &str| {
                text.lines().all(|line| line.len() <= 80)
            })),
    );
}

#[test]
fn wrong_usage_exits_2_and_says_so() {
    let machine = Machine::bare();
    machine.run(&[]).code(2).stderr(contains("Usage:"));
    machine
        .run(&["dance"])
        .code(2)
        .stderr(contains("unknown command dance"));
    machine
        .run(&["--now", "demo"])
        .code(2)
        .stderr(contains("unknown option --now"));
    machine
        .run(&["test", "scoring"])
        .code(2)
        .stderr(contains("cargo test"));
    assert!(machine.calls().is_empty(), "{:?}", machine.calls());
}

#[test]
fn a_dry_run_shows_the_steps_and_takes_none() {
    let machine = Machine::bare();
    machine.add("cargo", OLD_CARGO);
    machine.add("rustup", "");
    for tool in ["apt-get", "sudo"] {
        machine.add(tool, "");
    }
    machine.run(&["--dry-run", "demo"]).success().stderr(
        contains("apt-get")
            .and(contains("install --yes"))
            .and(contains("rustup toolchain install stable"))
            .and(contains("cargo build --locked"))
            .and(contains("horde -- demo")),
    );
    assert!(machine.calls().is_empty(), "{:?}", machine.calls());
}

#[test]
fn a_machine_that_has_everything_only_builds_and_plays() {
    let machine = Machine::with_compiler();
    machine.add("cargo", RECENT_CARGO);
    machine.run(&["demo", "--json"]).success();
    assert_eq!(
        machine.calls(),
        [
            "cargo build --locked --bin horde",
            "cargo run --quiet --locked --bin horde -- demo --json",
        ]
    );
}

#[test]
fn missing_packages_are_installed_without_a_question() {
    let machine = Machine::bare();
    machine.add("cargo", RECENT_CARGO);
    machine.add(
        "apt-get",
        "[[ $DEBIAN_FRONTEND == noninteractive ]] || exit 9",
    );
    machine.add("sudo", "exec \"$@\"");
    machine.run(&["demo"]).success();
    let calls = machine.calls();
    let install = calls
        .iter()
        .find(|call| call.starts_with("apt-get") && call.contains(" install "))
        .expect("an installation");
    assert!(install.contains("--yes") && install.contains("--no-remove"));
    assert!(install.contains(" gcc") && install.contains(" git"));
}

#[test]
fn a_toolchain_that_is_too_old_is_joined_by_the_stable_one() {
    let machine = Machine::with_compiler();
    machine.add("cargo", OLD_CARGO);
    machine.add("rustup", "");
    machine
        .run(&["test"])
        .code(1)
        .stderr(contains("rustup's stable is older"));
    assert_eq!(
        machine.calls(),
        [
            "rustup toolchain install stable --profile minimal --component rustfmt --component clippy"
        ]
    );
}

#[test]
fn a_failed_build_does_not_start_the_demo() {
    let machine = Machine::with_compiler();
    machine.add("cargo", &format!("{RECENT_CARGO}\n[[ $1 != build ]]"));
    machine.run(&["demo"]).failure();
    assert_eq!(machine.calls(), ["cargo build --locked --bin horde"]);
}

#[test]
fn rustup_is_a_package_where_the_system_has_one() {
    let machine = Machine::with_compiler();
    machine.add("apt-get", "");
    machine.add("sudo", "exec \"$@\"");
    machine.add("curl", "");
    machine.run(&["demo"]).code(1);
    let calls = machine.calls().join("\n");
    assert!(calls.contains("--no-remove rustup"), "{calls}");
    assert!(!calls.contains("curl "), "{calls}");
}

#[test]
fn rustup_comes_from_its_makers_where_the_system_has_none() {
    let machine = Machine::with_compiler();
    machine.add("apt-get", "[[ $* != *--simulate* ]]");
    machine.add("sudo", "exec \"$@\"");
    machine.add(
        "curl",
        &format!(
            "echo 'echo \"rustup-init $*\" >>{}'",
            machine.log().display()
        ),
    );
    machine.run(&["demo"]).code(1);
    let calls = machine.calls().join("\n");
    assert!(calls.contains("https://sh.rustup.rs"), "{calls}");
    assert!(calls.contains("rustup-init -y --no-modify-path"), "{calls}");
}
