//! How large the jobs of each weights version are, and where they run.
//! (vectors: job_score, `parameters`)

use std::time::Duration;

use super::Algorithm;
use crate::params::WeightsVersion;

/// One algorithm's share of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    pub algorithm: Algorithm,
    pub size: Size,
    pub timeout: Duration,
}

/// How many passwords a stage has, and of what they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Characters of a-z, A-Z and 0-9.
    pub letters: usize,
    /// Characters of 0-9 that follow them.
    pub digits: usize,
    pub hashes: usize,
}

/// A size whose passwords do not exist or do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a job of {letters} letters, {digits} digits and {hashes} hashes is impossible: it needs \
     1 to 1000 hashes, at most 15 characters, and twice as many passwords as hashes"
)]
pub struct ImpossibleSize {
    letters: usize,
    digits: usize,
    hashes: usize,
}

/// Everything that the weights version decides about a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// The one algorithm of version 0; of the others all that are chained.
    pub stages: Vec<Stage>,
    /// Base image and job image.
    pub docker_image: &'static str,
    /// In the first request, or in the job request.
    pub volume_in_initial_request: bool,
    /// Whether the parts are chained and a script of ours solves them.
    pub is_chained: bool,
    /// Whether the first part, too, is encrypted, with a password that the job request carries.
    pub has_first_password: bool,
}

/// Of all jobs.
pub(super) const RUN_PRESET: &str = "nvidia_all";

impl Size {
    /// # Errors
    /// When so many distinct passwords do not exist, or are too many for a job.
    pub fn new(letters: usize, digits: usize, hashes: usize) -> Result<Self, ImpossibleSize> {
        let size = Self {
            letters,
            digits,
            hashes,
        };
        let is_possible = (1..=1_000).contains(&hashes)
            && letters.saturating_add(digits) <= 15
            && size.combinations() >= 2.0 * hashes as f64;
        if is_possible {
            Ok(size)
        } else {
            Err(ImpossibleSize {
                letters,
                digits,
                hashes,
            })
        }
    }

    /// Passwords that fit the mask.
    pub fn combinations(&self) -> f64 {
        62_f64.powi(self.letters as i32) * 10_f64.powi(self.digits as i32)
    }

    /// hashcat's mask, where `?1` is a letter or digit.
    pub fn mask(&self) -> String {
        "?1".repeat(self.letters) + &"?d".repeat(self.digits)
    }
}

impl Parameters {
    /// That of the slowest stage.
    pub fn timeout(&self) -> Duration {
        self.stages
            .iter()
            .map(|stage| stage.timeout)
            .max()
            .unwrap_or_default()
    }
}

/// The jobs of a weights version, in that hour of the day, UTC. `size` makes every stage as
/// small as a test or a devnet wants it.
pub fn parameters(version: WeightsVersion, hour_utc: u32, size: Option<Size>) -> Parameters {
    let is_chained = version != WeightsVersion::V0;
    let stages = if is_chained {
        Algorithm::ALL.into_iter().map(chained_stage).collect()
    } else {
        vec![single_stage(Algorithm::for_hour(hour_utc))]
    };
    let resized = |stage: Stage| match size {
        Some(size) if is_chained => Stage { size, ..stage },
        Some(size) => Stage {
            size: Size { hashes: 1, ..size },
            ..stage
        },
        None => stage,
    };
    Parameters {
        stages: stages.into_iter().map(resized).collect(),
        docker_image: if is_chained {
            "backenddevelopersltd/compute-horde-job:v1-latest"
        } else {
            "backenddevelopersltd/compute-horde-job:v0-latest"
        },
        volume_in_initial_request: version >= WeightsVersion::V4,
        is_chained,
        has_first_password: version >= WeightsVersion::V4,
    }
}

fn chained_stage(algorithm: Algorithm) -> Stage {
    let size = match algorithm {
        Algorithm::Sha256 => Size {
            letters: 6,
            digits: 0,
            hashes: 100,
        },
        Algorithm::Sha384 | Algorithm::Sha512 => Size {
            letters: 5,
            digits: 1,
            hashes: 100,
        },
    };
    Stage {
        algorithm,
        size,
        timeout: Duration::from_secs(53),
    }
}

fn single_stage(algorithm: Algorithm) -> Stage {
    let (letters, timeout) = match algorithm {
        Algorithm::Sha256 => (6, 90),
        Algorithm::Sha384 | Algorithm::Sha512 => (5, 45),
    };
    let size = Size {
        letters,
        digits: 0,
        hashes: 1,
    };
    Stage {
        algorithm,
        size,
        timeout: Duration::from_secs(timeout),
    }
}
