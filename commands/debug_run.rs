//! `horde debug-run`: one job, or one batch, with one miner.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use horde_validator::debug::{self, Target};
use horde_validator::miner::Tap;
use horde_validator::organic::{Order, input_volume, output_upload};
use horde_validator::pass::{Failure, Frame};
use horde_validator::settings::Environment;
use horde_validator::wire::ExecutorClass;
use uuid::Uuid;

use crate::debug_story::{self, Story};
use crate::signals;

/// Try one miner, with every step shown
///
/// Nothing of it is stored and nothing of it makes weights. The miner is named by its hotkey; where
/// it listens is given too, or looked up on the subnet.
///
/// Example: horde debug-run organic --miner-hotkey 5F... --docker-image IMAGE -- ARGS
#[derive(Debug, Args)]
pub(crate) struct DebugRun {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Synthetic(Synthetic),
    Organic(Organic),
    Prompts(Prompts),
}

/// Which miner, and how much is shown.
#[derive(Debug, Args)]
struct Miner {
    /// Its hotkey [default: DEBUG_MINER_KEY]
    #[arg(long, value_name = "HOTKEY")]
    miner_hotkey: Option<String>,

    /// Where it listens [default: DEBUG_MINER_ADDRESS, or as the subnet says]
    #[arg(long, value_name = "HOST")]
    miner_address: Option<String>,

    /// On which port [default: DEBUG_MINER_PORT, or as the subnet says]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    miner_port: Option<u16>,

    /// Show every message both ways, without signatures and credentials
    #[arg(long)]
    show_messages: bool,

    /// Exit with 1 if the miner did not do what it was asked
    #[arg(long)]
    check: bool,
}

/// Run a synthetic batch with this miner alone
///
/// One job for each executor that the miner claims, scored by the rules in force. DEBUG_HASH_JOB
/// makes jobs small, DEBUG_OVERRIDE_WEIGHTS_VERSION chooses their kind.
#[derive(Debug, Args)]
struct Synthetic {
    #[command(flatten)]
    miner: Miner,
}

/// Run one job of your own, as a user would
#[derive(Debug, Args)]
struct Organic {
    #[command(flatten)]
    miner: Miner,

    /// Image to run
    #[arg(long, value_name = "IMAGE", required_unless_present_any = ["script", "raw_script"])]
    docker_image: Option<String>,

    /// Python script to run; `-` reads it from stdin
    #[arg(long, value_name = "FILE", conflicts_with = "raw_script")]
    script: Option<PathBuf>,

    /// The script itself
    #[arg(long, value_name = "TEXT")]
    raw_script: Option<String>,

    /// Give the job the machine's GPUs
    #[arg(long)]
    gpu: bool,

    /// Class of the executor
    #[arg(long, value_name = "CLASS", default_value_t = ExecutorClass::DEFAULT)]
    executor_class: ExecutorClass,

    /// Address of a zip that becomes the job's volume
    #[arg(
        long,
        value_name = "URL",
        default_value = "",
        hide_default_value = true
    )]
    input_url: String,

    /// Where the job's output is put, as a zip
    #[arg(
        long,
        value_name = "URL",
        default_value = "",
        hide_default_value = true
    )]
    output_url: String,

    /// Seconds for everything, from the moment the connection is up
    #[arg(long, value_name = "SECONDS", default_value_t = 300,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,

    /// Arguments of the job
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<String>,
}

/// Have the miner answer prompts of your own
///
/// Prompts and answers go through the buckets, as in a batch. Prints each answer.
#[derive(Debug, Args)]
struct Prompts {
    #[command(flatten)]
    miner: Miner,

    /// File with the prompts, one a line
    #[arg(long, value_name = "FILE")]
    prompts: PathBuf,

    /// Seed of the model
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u32,

    /// Compare with the answers in this file: a JSON object, prompt -> answer
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
}

impl DebugRun {
    pub(crate) fn run(&self, frame: &Frame, json: bool) -> Result<(), Failure> {
        let environment = &frame.environment;
        signals::runtime().block_on(async {
            match &self.what {
                What::Synthetic(args) => args.run(frame, json).await,
                What::Organic(args) => args.run(environment, json).await,
                What::Prompts(args) => args.run(environment, json).await,
            }
        })
    }
}

impl Miner {
    fn target(&self) -> Target {
        Target {
            hotkey: self.miner_hotkey.clone(),
            address: self.miner_address.clone(),
            port: self.miner_port,
        }
    }

    /// A tap, and the story that is told from it.
    fn story(&self, json: bool) -> (Tap, Story) {
        match self.show_messages {
            true => {
                let (tap, heard) = Tap::open();
                (tap, Story::new(Some(heard), json))
            }
            false => (Tap::default(), Story::new(None, json)),
        }
    }

    fn verdict(&self, is_good: bool, finding: impl Into<String>) -> Result<(), Failure> {
        match self.check && !is_good {
            true => Err(Failure::Check {
                finding: finding.into(),
            }),
            false => Ok(()),
        }
    }
}

impl Synthetic {
    async fn run(&self, frame: &Frame, json: bool) -> Result<(), Failure> {
        let environment = &frame.environment;
        let address = self.miner.target().find(environment).await?;
        let (tap, story) = self.miner.story(json);
        let (progress, stop) = (&frame.progress, &frame.stop);
        let running = debug::run_batch_of_one(environment, address, tap, progress, stop);
        let result = story.while_listening(running).await?;
        debug_story::show_batch(&result, &story);
        let succeeded = result.jobs.iter().filter(|job| job.completed).count();
        let finding = format!("{succeeded} of {} jobs succeeded", result.jobs.len());
        let is_good = succeeded > 0 && succeeded == result.jobs.len();
        self.miner.verdict(is_good, finding)
    }
}

impl Prompts {
    async fn run(&self, environment: &Environment, json: bool) -> Result<(), Failure> {
        let prompts: Vec<String> = contents(&self.prompts)?
            .lines()
            .map(str::to_owned)
            .collect();
        let expected = self.expect.as_deref().map(expected).transpose()?;
        let address = self.miner.target().find(environment).await?;
        let (tap, story) = self.miner.story(json);
        let report = |step, at| story.step(step, at);
        let running = debug::run_prompts(environment, &prompts, self.seed, address, tap, report);
        let end = story.while_listening(running).await?;
        let answers = debug_story::matched(&prompts, &end, expected.as_ref());
        debug_story::show_prompts(&end, &answers, &story);
        let bad = answers.iter().filter(|one| !one.is_good()).count();
        let finding = match &end.answers {
            Ok(_) => format!("{bad} of {} answers are not good", answers.len()),
            Err(finding) => finding.clone(),
        };
        self.miner.verdict(end.answers.is_ok() && bad == 0, finding)
    }
}

fn contents(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| unusable(path, &error))
}

fn expected(path: &Path) -> Result<HashMap<String, String>, Failure> {
    serde_json::from_str(&contents(path)?).map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::Input {
        path: path.to_owned(),
        finding: error.to_string(),
    }
}

impl Organic {
    async fn run(&self, environment: &Environment, json: bool) -> Result<(), Failure> {
        let script = self.script()?;
        let address = self.miner.target().find(environment).await?;
        let order = Order {
            uuid: Uuid::new_v4().to_string(),
            miner_hotkey: address.hotkey.clone(),
            executor_class: self.executor_class,
            docker_image: self.docker_image.clone(),
            raw_script: script,
            args: self.args.clone(),
            use_gpu: self.gpu,
            volume: Some(input_volume(self.input_url.clone())),
            is_volume_early: false,
            output_upload: output_upload(self.output_url.clone()),
        };
        let (tap, story) = self.miner.story(json);
        let timeout = Duration::from_secs(self.timeout);
        let report = |step, at| story.step(step, at);
        let running = debug::run_order(environment, &order, address, timeout, tap, report);
        let ended = story.while_listening(running).await?;
        debug_story::show_end(&order, &ended, &story);
        self.miner
            .verdict(ended.verdict.is_completed(), &ended.comment)
    }

    fn script(&self) -> Result<Option<String>, Failure> {
        let Some(path) = &self.script else {
            return Ok(self.raw_script.clone());
        };
        let read = match path.as_os_str() == "-" {
            true => {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text).map(|_| text)
            }
            false => std::fs::read_to_string(path),
        };
        read.map(Some).map_err(|cause| Failure::Script {
            path: path.clone(),
            cause,
        })
    }
}
