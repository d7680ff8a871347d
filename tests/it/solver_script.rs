//! `solver.py` as the job's container runs it: real Python, with a stand-in for hashcat.
//! Needs `python3` with `cryptography`; where that is missing the tests say so and pass.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use horde_validator::hashjob::{HashJob, Size, generate};
use horde_validator::params::WeightsVersion;

use crate::hashjob::payload_of;

fn python_is_missing() -> bool {
    let probe = Command::new("python3")
        .args(["-c", "import cryptography.fernet"])
        .output();
    let is_missing = !probe.is_ok_and(|probe| probe.status.success());
    if is_missing {
        eprintln!("skipped: python3 with `cryptography` is not installed");
    }
    is_missing
}

fn small_job(version: WeightsVersion) -> HashJob {
    generate(
        version,
        "a miner",
        0,
        Some(Size::new(1, 2, 4).expect("possible")),
    )
}

/// Runs the command of a job in a folder of its own in place of `/volume`.
fn run(job: &HashJob, path: &Path) -> Output {
    let volume = tempfile::tempdir().expect("a folder");
    let payload = volume.path().join("payload.txt");
    std::fs::write(&payload, payload_of(job)).expect("written");
    let here = |text: &str| text.replace("/volume/payload.txt", payload.to_str().expect("UTF-8"));

    let mut command = match job.raw_script {
        Some(script) => {
            let file = volume.path().join("script.py");
            std::fs::write(&file, here(script)).expect("written");
            let mut command = Command::new("python3");
            command.arg(file).args(&job.docker_run_cmd[1..]);
            command
        }
        None => {
            let mut command = Command::new("hashcat");
            command.args(job.docker_run_cmd.iter().map(|argument| here(argument)));
            command
        }
    };
    command
        .env("PATH", path_with(path))
        .output()
        .expect("started")
}

fn path_with(first: &Path) -> std::ffi::OsString {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(first.to_owned()).chain(std::env::split_paths(&rest));
    std::env::join_paths(folders).expect("a search path")
}

fn stand_ins() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand_ins")
}

#[test]
fn the_solver_prints_the_answer_of_a_chained_job_and_nothing_else() {
    if python_is_missing() {
        return;
    }
    for version in [WeightsVersion::V1, WeightsVersion::V3, WeightsVersion::V4] {
        let job = small_job(version);
        let output = run(&job, &stand_ins());
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert_eq!(stdout, format!("{}\n", job.expected_answer), "{output:?}");
        assert!(output.stderr.is_empty() && output.status.success());
    }
}

#[test]
fn the_command_of_version_0_prints_the_password() {
    if python_is_missing() {
        return;
    }
    let job = small_job(WeightsVersion::V0);
    let output = run(&job, &stand_ins());
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        job.expected_answer,
        "{output:?}"
    );
}

#[test]
fn a_solver_without_all_passwords_prints_no_answer_and_fails() {
    if python_is_missing() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let blind = folder.path().join("hashcat");
    std::fs::write(&blind, "#!/bin/sh\nexit 1\n").expect("written");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&blind, executable).expect("made executable");

    let output = run(&small_job(WeightsVersion::V4), folder.path());
    assert!(output.stdout.is_empty() && !output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        stderr.trim(),
        "part 0: 0 of 4 passwords, hashcat ended with 1"
    );
}
