//! Cracks hash jobs on the CPU by trying every password of the mask, on all cores.
//! Bounded: a job of production size is refused, not begun.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use super::container::Task;
use crate::hashjob::payload::{Payload, UnreadableVolume, unpack};
use crate::hashjob::{Algorithm, secret};
use crate::wire::Volume;

/// Passwords that one part may have; some seconds of work.
const MOST_PASSWORDS: u64 = 100_000_000;

const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const DIGITS: &[u8] = b"0123456789";

#[derive(Debug, thiserror::Error)]
pub(super) enum Unsolved {
    #[error("the job is not a hash job")]
    NotAHashJob,
    #[error(transparent)]
    Volume(#[from] UnreadableVolume),
    #[error("the payload cannot be read")]
    Payload,
    #[error("the mask `{0}` has too many passwords for a CPU")]
    TooLarge(String),
    #[error("{found} of {wanted} passwords found")]
    NotFound { found: usize, wanted: usize },
    #[error(transparent)]
    Locked(#[from] secret::WrongSecret),
}

/// What the job would print. Takes its time: not for an async task.
pub(super) fn solve(task: &Task) -> Result<String, Unsolved> {
    let Some(Volume::Inline(packed)) = &task.volume else {
        return Err(Unsolved::NotAHashJob);
    };
    let payload = unpack(&packed.contents)?;
    match task.docker_run_cmd.split_first() {
        Some((script, arguments)) if script == "/script.py" => {
            solve_chain(&payload, arguments.first().cloned())
        }
        _ => solve_single(&payload, &task.docker_run_cmd),
    }
}

fn solve_chain(payload: &str, first_password: Option<String>) -> Result<String, Unsolved> {
    let payload: Payload = serde_json::from_str(payload).map_err(|_| Unsolved::Payload)?;
    let mut secret = first_password;
    let mut passwords = Vec::with_capacity(payload.parts.len());
    for part in payload.parts {
        let hashes = match &secret {
            Some(secret) => secret::decrypt(secret, &part.hashes)?,
            None => part.hashes,
        };
        let found = crack(&part.hash_type, &part.mask, &hashes)?;
        secret = Some(secret::joined(&found));
        passwords.push(found);
    }
    Ok(secret::answer(&passwords))
}

/// Version 0: the command line of hashcat, the mask last.
fn solve_single(hashes: &str, command: &[String]) -> Result<String, Unsolved> {
    let after_flag = command
        .iter()
        .skip_while(|argument| *argument != "--hash-type")
        .nth(1);
    let (Some(hash_type), Some(mask)) = (after_flag, command.last()) else {
        return Err(Unsolved::NotAHashJob);
    };
    Ok(crack(hash_type, mask, hashes)?.join("\n"))
}

/// All passwords of a part, in byte order.
fn crack(hash_type: &str, mask: &str, hashes: &str) -> Result<Vec<String>, Unsolved> {
    let algorithm = Algorithm::from_hash_type(hash_type).ok_or(Unsolved::Payload)?;
    let wanted = read_hashes(hashes).ok_or(Unsolved::Payload)?;
    let alphabets = read_mask(mask).ok_or(Unsolved::Payload)?;
    let combinations = alphabets
        .iter()
        .try_fold(1_u64, |product, alphabet| {
            product.checked_mul(alphabet.len() as u64)
        })
        .filter(|combinations| *combinations <= MOST_PASSWORDS)
        .ok_or_else(|| Unsolved::TooLarge(mask.chars().take(64).collect()))?;

    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get) as u64;
    let share = combinations.div_ceil(cores);
    let search = |core: u64| {
        let range = core * share..((core + 1) * share).min(combinations);
        range.filter_map(|number| try_one(algorithm, &alphabets, &wanted, number))
    };
    let mut found: Vec<String> = std::thread::scope(|scope| {
        let search = &search;
        let workers: Vec<_> = (0..cores)
            .map(|core| scope.spawn(move || search(core).collect::<Vec<_>>()))
            .collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().ok())
            .flatten()
            .collect()
    });
    found.sort_unstable();
    let wanted = wanted.values().map(Vec::len).sum();
    if found.len() == wanted {
        Ok(found)
    } else {
        Err(Unsolved::NotFound {
            found: found.len(),
            wanted,
        })
    }
}

/// Digests by their salt.
type Wanted = HashMap<Vec<u8>, Vec<Vec<u8>>>;

fn read_hashes(lines: &str) -> Option<Wanted> {
    let mut wanted = Wanted::new();
    for line in lines.lines() {
        let (hash, salt) = line.split_once(':')?;
        wanted
            .entry(hex::decode(salt).ok()?)
            .or_default()
            .push(hex::decode(hash).ok()?);
    }
    Some(wanted)
}

/// The alphabet of each position.
fn read_mask(mask: &str) -> Option<Vec<&'static [u8]>> {
    let mut positions = mask.split('?');
    if !positions.next()?.is_empty() {
        return None;
    }
    let alphabets = positions.map(|kind| match kind {
        "1" => Some(LETTERS),
        "d" => Some(DIGITS),
        _ => None,
    });
    alphabets.collect()
}

/// The password of that number, if it is wanted.
fn try_one(
    algorithm: Algorithm,
    alphabets: &[&[u8]],
    wanted: &Wanted,
    mut number: u64,
) -> Option<String> {
    let mut password = [0_u8; 64];
    let password = password.get_mut(..alphabets.len())?;
    for (letter, alphabet) in password.iter_mut().zip(alphabets) {
        *letter = alphabet[(number % alphabet.len() as u64) as usize];
        number /= alphabet.len() as u64;
    }
    let is_wanted = wanted.iter().any(|(salt, digests)| {
        algorithm.digest(password, salt, |digest| {
            digests.iter().any(|wanted| wanted == digest)
        })
    });
    is_wanted.then(|| String::from_utf8_lossy(password).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashjob::{Size, generate};
    use crate::params::WeightsVersion;

    #[test]
    fn small_jobs_of_every_version_are_solved() {
        let size = Size::new(1, 1, 5).unwrap();
        for version in WeightsVersion::ALL {
            for hour in 0..3 {
                let job = generate(version, "a miner", hour, Some(size));
                let task = Task {
                    volume: Some(job.volume),
                    docker_run_cmd: job.docker_run_cmd,
                    ..Task::default()
                };
                assert_eq!(solve(&task).unwrap(), job.expected_answer, "{version:?}");
            }
        }
    }

    #[test]
    fn a_job_of_production_size_is_refused_at_once() {
        let job = generate(WeightsVersion::V4, "a miner", 0, None);
        let task = Task {
            volume: Some(job.volume),
            docker_run_cmd: job.docker_run_cmd,
            ..Task::default()
        };
        assert!(matches!(solve(&task), Err(Unsolved::TooLarge(_))));
    }

    #[test]
    fn what_is_no_hash_job_is_an_error() {
        let mut task = Task {
            docker_run_cmd: vec!["/script.py".to_owned()],
            ..Task::default()
        };
        assert!(matches!(solve(&task), Err(Unsolved::NotAHashJob)));
        task.volume = Some(Volume::inline("junk".to_owned()));
        assert!(matches!(solve(&task), Err(Unsolved::Volume(_))));
    }
}
