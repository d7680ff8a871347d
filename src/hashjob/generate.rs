//! Makes jobs, each with its answer. Passwords and salts come from a cryptographic random
//! source: who can guess them needs no hardware.

use std::num::NonZeroUsize;
use std::time::Duration;

use rand::Rng;

use super::parameters::{Parameters, RUN_PRESET, Size, Stage, parameters};
use super::payload::{Part, Payload, pack};
use super::secret;
use crate::params::WeightsVersion;
use crate::wire::Volume;

/// Solves a chained job inside its container.
const SOLVER: &str = include_str!("solver.py");

const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const DIGITS: &[u8] = b"0123456789";

const SALT_BYTES: usize = 8;

/// Random letters after the hotkey in a first password.
const FIRST_PASSWORD_LETTERS: usize = 48;

/// A job, ready to be put into requests, and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashJob {
    pub docker_image: &'static str,
    pub base_image: &'static str,
    pub timeout: Duration,
    pub volume: Volume,
    /// In the first request, or in the job request.
    pub volume_in_initial_request: bool,
    pub docker_run_options_preset: &'static str,
    pub docker_run_cmd: Vec<String>,
    pub raw_script: Option<&'static str>,
    pub expected_answer: String,
}

/// Makes one job. Its first password names the miner, so that no miner can have another solve it
/// unseen.
pub fn generate(
    version: WeightsVersion,
    miner_hotkey: &str,
    hour_utc: u32,
    size: Option<Size>,
) -> HashJob {
    let parameters = parameters(version, hour_utc, size);
    if parameters.is_chained {
        chained(&parameters, miner_hotkey)
    } else {
        single(&parameters)
    }
}

/// Makes one job per hotkey, in their order, on all cores. Blocks until they are made.
pub fn generate_all<H: AsRef<str> + Sync>(
    version: WeightsVersion,
    miner_hotkeys: &[H],
    hour_utc: u32,
    size: Option<Size>,
) -> Vec<HashJob> {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = miner_hotkeys.len().div_ceil(cores).max(1);
    let make = |hotkey: &H| generate(version, hotkey.as_ref(), hour_utc, size);
    std::thread::scope(|scope| {
        let workers: Vec<_> = miner_hotkeys
            .chunks(share)
            .map(|hotkeys| scope.spawn(move || hotkeys.iter().map(make).collect::<Vec<_>>()))
            .collect();
        let made = workers.into_iter().map(|worker| match worker.join() {
            Ok(jobs) => jobs,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        made.flatten().collect()
    })
}

/// Versions 1 to 4: each part is locked with the passwords of the one before.
fn chained(parameters: &Parameters, miner_hotkey: &str) -> HashJob {
    let first_password = parameters.has_first_password.then(|| {
        let letters = random_text(&mut rand::rng(), LETTERS, FIRST_PASSWORD_LETTERS);
        format!("{miner_hotkey}-{letters}")
    });
    let mut docker_run_cmd = vec!["/script.py".to_owned()];
    docker_run_cmd.extend(first_password.clone());

    let mut secret = first_password;
    let mut passwords = Vec::with_capacity(parameters.stages.len());
    let mut parts = Vec::with_capacity(parameters.stages.len());
    for stage in &parameters.stages {
        let found = random_passwords(&stage.size);
        let lines = hash_lines(stage, &found);
        let hashes = secret
            .as_deref()
            .map_or_else(|| lines.clone(), |secret| secret::encrypt(secret, &lines));
        parts.push(Part {
            hash_type: stage.algorithm.hash_type().to_owned(),
            mask: stage.size.mask(),
            hashes,
        });
        secret = Some(secret::joined(&found));
        passwords.push(found);
    }
    let payload = serde_json::to_string(&Payload { parts }).expect("texts are JSON");
    job(
        parameters,
        &payload,
        docker_run_cmd,
        Some(SOLVER),
        secret::answer(&passwords),
    )
}

/// Version 0: one hash, and hashcat itself is the job's entry point.
fn single(parameters: &Parameters) -> HashJob {
    let stage = &parameters.stages[0];
    // every character, also one that counts as a digit, is drawn from all letters
    let length = stage.size.letters + stage.size.digits;
    let size = Size {
        letters: length,
        digits: 0,
        hashes: 1,
    };
    let passwords = random_passwords(&size);
    let options = [
        "--runtime",
        "600",
        "--restore-disable",
        "--attack-mode",
        "3",
        "--workload-profile",
        "3",
        "--optimized-kernel-enable",
        "--hash-type",
        stage.algorithm.hash_type(),
        "--hex-salt",
        "-1",
        "?l?d?u",
        "--outfile-format",
        "2",
        "--quiet",
        "/volume/payload.txt",
    ];
    let mut docker_run_cmd: Vec<String> = options.map(str::to_owned).into();
    docker_run_cmd.push(size.mask());
    let payload = hash_lines(stage, &passwords);
    job(
        parameters,
        &payload,
        docker_run_cmd,
        None,
        passwords.concat(),
    )
}

fn job(
    parameters: &Parameters,
    payload: &str,
    docker_run_cmd: Vec<String>,
    raw_script: Option<&'static str>,
    expected_answer: String,
) -> HashJob {
    HashJob {
        docker_image: parameters.docker_image,
        base_image: parameters.docker_image,
        timeout: parameters.timeout(),
        volume: Volume::inline(pack(payload)),
        volume_in_initial_request: parameters.volume_in_initial_request,
        docker_run_options_preset: RUN_PRESET,
        docker_run_cmd,
        raw_script,
        expected_answer,
    }
}

/// Distinct, in byte order.
fn random_passwords(size: &Size) -> Vec<String> {
    let mut rng = rand::rng();
    let mut passwords: Vec<String> = Vec::with_capacity(size.hashes);
    while passwords.len() < size.hashes {
        for _ in passwords.len()..size.hashes {
            let letters = random_text(&mut rng, LETTERS, size.letters);
            passwords.push(letters + &random_text(&mut rng, DIGITS, size.digits));
        }
        passwords.sort_unstable();
        passwords.dedup();
    }
    passwords
}

fn random_text(rng: &mut impl Rng, alphabet: &[u8], length: usize) -> String {
    (0..length)
        .map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())]))
        .collect()
}

/// Lines `hash:salt` in the order of the passwords, with one salt for all of them.
fn hash_lines(stage: &Stage, passwords: &[String]) -> String {
    let salt: [u8; SALT_BYTES] = rand::rng().random();
    let salt_hex = hex::encode(salt);
    let lines: Vec<String> = passwords
        .iter()
        .map(|password| stage.algorithm.hash_hex(password.as_bytes(), &salt) + ":" + &salt_hex)
        .collect();
    lines.join("\n")
}
