//! `horde prompts`: the three passes of the prompt pipeline.

use clap::{Args, Subcommand};
use horde_validator::pass::{Failure, Frame, Outcome};
use horde_validator::prompts;

use crate::signals;

/// Make prompts with known answers, for the tests of LLM executors
///
/// A trusted miner makes series of prompts, samples are drawn from them, the trusted miner answers
/// those. A batch then gives each LLM executor a whole series and compares its answers to the
/// sampled prompts. Needs the settings TRUSTED_MINER_*, AWS_* and S3_BUCKET_NAME_*; without them
/// each of these passes says so and succeeds.
#[derive(Debug, Args)]
pub(crate) struct Prompts {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum What {
    /// Have the trusted miner make some more series of prompts
    ///
    /// Nothing is due while a workload waits for answers, or when there are series enough.
    Generate,
    /// Draw prompts from the series, as workloads for the trusted miner
    ///
    /// Nothing is due while there are too few series, or samples enough.
    Sample,
    /// Have the trusted miner answer the workloads that wait
    ///
    /// Begins no workload that would probably end after 260 s.
    Answer,
}

impl Prompts {
    pub(crate) fn run(&self, frame: &Frame) -> Result<Outcome, Failure> {
        signals::runtime().block_on(async {
            match self.what {
                What::Generate => prompts::generate(frame).await,
                What::Sample => prompts::sample(frame).await,
                What::Answer => prompts::answer(frame).await,
            }
        })
    }
}
