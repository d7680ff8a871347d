//! `horde devnet`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use horde_validator::devnet::node::CommitScheme;
use horde_validator::devnet::{Plan, Subnet, cast};
use horde_validator::pass::Failure;
use serde_json::{Map, Value};

use crate::{output, signals};

/// Run a local subnet to play with, until Ctrl-C
///
/// A node that behaves as Subtensor, miners of different character and a facilitator with jobs of
/// users, all on loopback, with a wallet and a database made for them. Prints the settings with
/// which the other subcommands run against it; no token is at stake, and nothing outside of FOLDER
/// is written.
///
/// Example: horde devnet --block-time 0.25 > devnet.env
/// and then: horde --env-file devnet.env schedule-synthetic
#[derive(Debug, Args)]
pub(crate) struct Devnet {
    /// Where wallet and database are made
    #[arg(long, default_value = "devnet", value_name = "FOLDER")]
    folder: PathBuf,

    /// Seconds from block to block, from 0.05 on
    #[arg(long, default_value_t = 1.0, value_name = "SECONDS", value_parser = block_time)]
    block_time: f64,

    /// Blocks of an epoch, less one; a cycle has two epochs
    #[arg(long, default_value_t = 99, value_parser = clap::value_parser!(u16).range(9..))]
    tempo: u16,

    /// How the chain takes weights
    #[arg(long, value_enum, default_value_t = Scheme::Epochs)]
    scheme: Scheme,

    /// Port of the node; 0 takes any free one
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// Factor on the time limits of a batch
    #[arg(long, default_value_t = 0.1, value_parser = block_time)]
    time_scale: f64,

    /// Seconds from one job of a user to the next; 0 for none
    #[arg(long, default_value_t = 10.0, value_name = "SECONDS", value_parser = job_every)]
    job_every: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scheme {
    /// In clear
    Plain,
    /// Hash commits, revealed in the next interval of blocks
    Intervals,
    /// Hash commits, revealed an epoch later
    Epochs,
    /// Time-locked commits that the chain opens
    Timelock,
}

impl Scheme {
    pub(crate) fn of_the_node(self) -> CommitScheme {
        match self {
            Self::Plain => CommitScheme::Off,
            Self::Intervals => CommitScheme::BlockIntervals,
            Self::Epochs => CommitScheme::Epochs,
            Self::Timelock => CommitScheme::Timelocked,
        }
    }
}

impl Devnet {
    pub(crate) fn run(&self, json: bool) -> Result<(), Failure> {
        let plan = Plan {
            folder: self.folder.clone(),
            scheme: self.scheme.of_the_node(),
            block_time: Duration::from_secs_f64(self.block_time),
            tempo: self.tempo,
            characters: cast(Duration::from_secs_f64(100.0 * self.time_scale)),
            port: self.port,
            time_scale: self.time_scale,
        };
        let stop = signals::stop_token();
        signals::runtime().block_on(async {
            let subnet = Subnet::start(plan)?;
            let environment = subnet.environment();
            if json {
                let pairs = environment
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())));
                output::document(&Value::Object(pairs.collect::<Map<_, _>>()));
            } else {
                output::line("# settings for the local subnet, which runs until Ctrl-C");
                for (name, value) in environment {
                    output::line(format_args!("{name}={value}"));
                }
                for one in &subnet.inhabitants {
                    let (uid, name) = (one.uid, one.character.name);
                    output::line(format_args!(
                        "# uid {uid:>3}  {}  {name}",
                        one.miner.hotkey()
                    ));
                }
            }
            let users = async {
                match self.job_every > 0.0 {
                    true => {
                        subnet
                            .order_jobs(Duration::from_secs_f64(self.job_every))
                            .await
                    }
                    false => std::future::pending().await,
                }
            };
            stop.run_until_cancelled(users).await;
            Ok(())
        })
    }
}

fn block_time(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    match (0.005..=3600.0).contains(&seconds) {
        true => Ok(seconds),
        false => Err("out of range".to_owned()),
    }
}

fn job_every(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(0.0) => Ok(0.0),
        _ => block_time(text),
    }
}
