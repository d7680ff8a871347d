//! `install.sh package`, and what each command says of itself.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

fn install(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/install.sh"))
        .args(arguments)
        .env("CARGO_TARGET_DIR", folder)
        .assert()
}

/// A program that says that it is this version.
fn program(folder: &Path, version: &str) -> String {
    let path = folder.join("horde");
    std::fs::write(&path, format!("#!/bin/sh\necho '{version}'\n")).expect("written");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("its mode");
    path.display().to_string()
}

#[test]
fn a_package_is_named_by_version_and_commit_and_has_its_sum() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = program(folder.path(), "horde 1.2.3 (abcdef0123)");
    install(folder.path(), &["package", "--binary", &program]).success();
    let package = folder.path().join("package");
    let name = format!(
        "horde-1.2.3-abcdef0123-{}-linux-gnu",
        std::env::consts::ARCH
    );
    assert!(package.join(name).exists());
    Command::new("sha256sum")
        .args(["--check", "SHA256SUMS"])
        .current_dir(package)
        .assert()
        .success();
}

#[test]
fn a_program_of_no_commit_or_of_too_many_bytes_is_no_package() {
    let folder = tempfile::tempdir().expect("a folder");
    let unknown = program(folder.path(), "horde 1.2.3 (unknown commit)");
    install(folder.path(), &["package", "--binary", &unknown])
        .code(1)
        .stderr(contains("does not know which commit"));
    let large = program(folder.path(), "horde 1.2.3 (abcdef0123)");
    let file = std::fs::OpenOptions::new().write(true).open(&large);
    file.and_then(|file| file.set_len(21 << 20)).expect("grown");
    install(folder.path(), &["package", "--binary", &large])
        .code(1)
        .stderr(contains("the limit is 20"));
    assert!(!folder.path().join("package").exists());
}

#[test]
fn each_command_explains_itself_in_80_columns_and_refuses_what_it_does_not_know() {
    let folder = tempfile::tempdir().expect("a folder");
    for command in [
        "local",
        "remote",
        "git-deploy",
        "uninstall",
        "trusted-miner",
        "package",
    ] {
        let help = install(folder.path(), &[command, "--help"]).success();
        let text = String::from_utf8_lossy(&help.get_output().stdout).into_owned();
        assert!(
            text.contains("Usage: ") && text.contains("--dry-run"),
            "{command}: {text}"
        );
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{command}: {text}"
        );
        install(folder.path(), &[command, "--dance"])
            .code(2)
            .stderr(contains("--dance").and(contains(format!("./install.sh {command} --help"))));
    }
}
