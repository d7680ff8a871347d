//! What the containers of LLM jobs do here: prompts and answers are words that follow from a hash,
//! so that every honest miner comes to the same ones. Also how a miner may cheat with them.

use std::collections::BTreeMap;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::container::Task;
use crate::http::{Client, Limits};
use crate::wire::Volume;
use crate::wire::volume::{RemoteFile, SingleVolume};

/// What a miner puts in place of an honest file of answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cheat {
    /// Another answer to each prompt.
    WrongAnswers,
    /// Another answer to the first prompt only.
    OneWrongAnswer,
    /// No answer to the first prompt.
    OneMissing,
    /// Answers made with another seed: the file of an earlier job.
    Stale,
    /// The right answers, and so many MiB of others.
    Oversized { mebibytes: usize },
    /// The right answers, put this long after the job was said to be finished.
    LateUpload(Duration),
    /// Nothing is put at all.
    NoUpload,
    /// These bytes.
    Bytes(Vec<u8>),
}

/// Files by their names in the output.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

const WORDS: [&str; 16] = [
    "amber", "birch", "cloud", "delta", "ember", "field", "grove", "harbor", "island", "juniper",
    "kernel", "lantern", "meadow", "north", "orchard", "pebble",
];
const LIMITS: Limits = Limits {
    idle: Duration::from_secs(10),
    total: Duration::from_secs(60),
    bytes: 64 << 20,
};

/// What an honest miner answers.
pub fn answer(prompt: &str, seed: u32) -> String {
    words(&format!("{seed} {prompt}"), 8)
}

fn words(text: &str, count: usize) -> String {
    let digest = Sha256::digest(text);
    let words = digest.iter().map(|byte| WORDS[usize::from(byte % 16)]);
    words.take(count).collect::<Vec<_>>().join(" ")
}

/// The argument after this one.
fn after<'a>(task: &'a Task, flag: &str) -> Option<&'a str> {
    let mut arguments = task.docker_run_cmd.iter();
    arguments.find(|argument| *argument == flag)?;
    arguments.next().map(String::as_str)
}

/// Series of prompts, each in its file.
pub(super) fn generate(task: &Task) -> Result<Files, String> {
    let number = after(task, "--number_of_prompts_per_batch");
    let number: u32 = number
        .and_then(|number| number.parse().ok())
        .ok_or("how many prompts?")?;
    let uuids = after(task, "--uuids").ok_or("which series?")?;
    let series = uuids.split(',').map(|uuid| {
        let prompt = |n| format!("Tell me about {}.", words(&format!("{uuid} {n}"), 5));
        let prompts: Vec<String> = (0..number).map(prompt).collect();
        (
            format!("prompts_{uuid}.txt"),
            prompts.join("\n").into_bytes(),
        )
    });
    Ok(series.collect())
}

/// The answers to the prompts of the volume.
pub(super) async fn solve(task: &Task) -> Result<Files, String> {
    let seed = after(task, "--seed").and_then(|seed| seed.parse().ok());
    let seed: u32 = seed.ok_or("which seed?")?;
    let path = task.docker_run_cmd.last();
    let name = path
        .and_then(|path| path.strip_prefix("/volume/"))
        .and_then(|path| path.strip_suffix(".txt"))
        .ok_or("which file?")?;
    let file = remote_file(task.volume.as_ref(), &format!("{name}.txt"));
    let url = &file.ok_or("the file is not in the volume")?.url;
    // a test has no main that has done so; a provider that is there stays
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::for_strangers(LIMITS);
    let body = client.get(url).await.map_err(|error| error.to_string())?;
    let prompts = body.bytes().await.map_err(|error| error.to_string())?;
    let prompts = String::from_utf8(prompts).map_err(|error| error.to_string())?;
    let answers = answers(&prompts, seed, task.cheat.as_ref());
    Ok(Files::from([(format!("{name}.json"), answers)]))
}

fn remote_file<'a>(volume: Option<&'a Volume>, path: &str) -> Option<&'a RemoteFile> {
    let file = match volume? {
        Volume::SingleFile(file) => Some(file),
        Volume::MultiVolume { volumes } => volumes.iter().find_map(|volume| match volume {
            SingleVolume::SingleFile(file) if file.relative_path == path => Some(file),
            _ => None,
        }),
        Volume::Inline(_) | Volume::ZipUrl(_) => None,
    };
    file.filter(|file| file.relative_path == path)
}

fn answers(prompts: &str, seed: u32, cheat: Option<&Cheat>) -> Vec<u8> {
    let seed = match cheat {
        Some(Cheat::Stale) => seed.wrapping_add(1),
        Some(Cheat::Bytes(bytes)) => return bytes.clone(),
        _ => seed,
    };
    let mut answers: BTreeMap<String, String> = prompts
        .lines()
        .map(|prompt| (prompt.to_owned(), answer(prompt, seed)))
        .collect();
    let wrong = |answer: &mut String| answer.push_str(" perhaps");
    let first = prompts.lines().next().unwrap_or_default();
    match cheat {
        Some(Cheat::WrongAnswers) => answers.values_mut().for_each(wrong),
        Some(Cheat::OneWrongAnswer) => answers.get_mut(first).into_iter().for_each(wrong),
        Some(Cheat::OneMissing) => _ = answers.remove(first),
        Some(Cheat::Oversized { mebibytes }) => {
            let more = (0..mebibytes << 10).map(|n| (format!("{n:>23}"), "x".repeat(1_000)));
            answers.extend(more);
        }
        _ => (),
    }
    serde_json::to_vec(&answers).expect("texts are JSON")
}
