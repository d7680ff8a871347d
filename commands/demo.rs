//! `horde demo`

use std::path::Path;
use std::time::Duration;

use chrono::Utc;
use clap::Args;
use horde_validator::backup::{self, Place, Wanted};
use horde_validator::devnet::{Plan, Subnet, cast};
use horde_validator::pass::{Failure, Frame, Outcome};
use horde_validator::settings::Environment;
use horde_validator::store::{PassOutcome, Store, WeightsRow, WeightsState};
use horde_validator::synthetic::{self, Start};
use horde_validator::{events, organic, prompts, receipts, sync_params, weights};
use tokio::time::Instant;
use tracing::warn;

use crate::devnet::Scheme;
use crate::{demo_table, output, signals};

/// Rehearse a whole cycle on a local subnet, in about a minute
///
/// Starts a subnet on loopback with miners of different character and a facilitator, runs the
/// passes as timers would, and ends with a table: each miner, its jobs, its score, its weight, and
/// why. Leaves nothing behind. Fails if weights read back from the chain are not the ones that were decided.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// How the chain takes weights
    #[arg(long, value_enum, default_value_t = Scheme::Epochs)]
    scheme: Scheme,
}

/// A cycle of 200 blocks takes 16 s.
const BLOCK_TIME: Duration = Duration::from_millis(80);
const TEMPO: u16 = 99;
const TIME_SCALE: f64 = 0.03;
/// What timers do, but faster.
const PERIOD: Duration = Duration::from_millis(400);
const JOB_EVERY: Duration = Duration::from_secs(4);
const LIMIT: Duration = Duration::from_secs(240);
/// Batches to be seen: the second one shows who danced.
const BATCHES: usize = 2;

impl Demo {
    pub(crate) fn run(&self, frame: &Frame, json: bool) -> Result<(), Failure> {
        let folder = std::env::temp_dir().join(format!("horde-demo-{}", std::process::id()));
        let made = std::fs::create_dir_all(&folder);
        let result = made
            .map_err(|cause| Failure::Demo {
                finding: cause.to_string(),
            })
            .and_then(|()| {
                signals::runtime().block_on(rehearse(self.scheme, frame, &folder, json))
            });
        // a folder of rehearsals that cannot be removed harms nobody
        if let Err(error) = std::fs::remove_dir_all(&folder) {
            warn!(%error, folder = %folder.display(), "not removed");
        }
        result
    }
}

async fn rehearse(scheme: Scheme, frame: &Frame, folder: &Path, json: bool) -> Result<(), Failure> {
    let began = Instant::now();
    let subnet = Subnet::start(Plan {
        folder: folder.to_owned(),
        scheme: scheme.of_the_node(),
        block_time: BLOCK_TIME,
        tempo: TEMPO,
        characters: cast(Duration::from_secs(60).mul_f64(TIME_SCALE)),
        port: 0,
        time_scale: TIME_SCALE,
    })?;
    let environment = Environment::from_pairs(subnet.environment())?;
    let store = Store::open(&environment.database())?;
    let frame = Frame {
        environment,
        ..frame.clone()
    };
    if !json {
        output::line(format_args!(
            "a local subnet with {} miners, a block every {} ms, {} blocks a cycle",
            subnet.inhabitants.len(),
            BLOCK_TIME.as_millis(),
            2 * (u32::from(TEMPO) + 1)
        ));
    }
    let say = |pass: &str, outcome: &Outcome| {
        if !json && !outcome.is_idle {
            let seconds = began.elapsed().as_secs();
            output::line(format_args!(
                "{seconds:>3} s  {pass:<19} {}",
                outcome.summary
            ));
        }
    };
    say(
        "sync-params",
        &sync_params::run(&frame, sync_params::LIMITS).await?,
    );
    let relay_stop = frame.stop.child_token();
    let relay_frame = Frame {
        stop: relay_stop.clone(),
        ..frame.clone()
    };
    let cycle = async {
        let row = cycle(&subnet, &store, &frame, &say).await;
        relay_stop.cancel();
        row
    };
    let relay = organic::run(&relay_frame, organic::Options::default());
    let (row, relay) = tokio::join!(cycle, relay);
    let row = row?;
    say("relay-organic", &relay?);
    say("fetch-receipts", &receipts::run(&frame, None).await?);
    say("send-events", &events::run(&frame, events::LIMITS).await?);
    say(
        "backup-db",
        &backup::run(&frame, backup::Options::default()).await?,
    );
    let restorable = backup::verify(&frame, &Wanted::Latest, Place::S3, None).await?;
    if !json {
        output::line(format_args!(
            "{:>3} s  {:<19} {} can be restored from the bucket",
            began.elapsed().as_secs(),
            "verify-backup",
            restorable.name
        ));
    }
    demo_table::show(&subnet, &store, &row, json)?;
    if !json {
        let time = Utc::now().format("%H:%M:%S UTC");
        output::line(format_args!(
            "done after {} s, at {time}",
            began.elapsed().as_secs()
        ));
    }
    Ok(())
}

/// Lets the timers run, and users order jobs, until weights are in force.
async fn cycle(
    subnet: &Subnet,
    store: &Store,
    frame: &Frame,
    say: &impl Fn(&str, &Outcome),
) -> Result<WeightsRow, Failure> {
    let timers = async {
        tokio::try_join!(
            every(
                async || synthetic::schedule(frame).await,
                |o| say("schedule-synthetic", o)
            ),
            every(
                async || synthetic::run(frame, Start::WhenDue).await,
                |o| say("run-synthetic", o)
            ),
            every(
                async || weights::run(frame, weights::Options::default()).await,
                |o| say("set-weights", o)
            ),
            every(
                async || prompts::generate(frame).await,
                |o| say("prompts generate", o)
            ),
            every(
                async || prompts::sample(frame).await,
                |o| say("prompts sample", o)
            ),
            every(
                async || prompts::answer(frame).await,
                |o| say("prompts answer", o)
            ),
        )
    };
    tokio::select! {
        ended = timers => match ended {
            Ok(_) => unreachable!("timers go on until something fails"),
            Err(failure) => Err(failure),
        },
        never = subnet.order_jobs(JOB_EVERY) => match never {},
        row = settled(store) => row,
        () = tokio::time::sleep(LIMIT) => {
            let finding = format!("no weights after {} s", LIMIT.as_secs());
            Err(Failure::Demo { finding })
        }
        () = frame.stop.cancelled() => Err(Failure::Interrupted),
    }
}

/// Starts a pass again and again, as a timer does; what the next run can put right is no end.
async fn every(
    pass: impl AsyncFn() -> Result<Outcome, Failure>,
    say: impl Fn(&Outcome),
) -> Result<(), Failure> {
    loop {
        match pass().await {
            Ok(outcome) => say(&outcome),
            Err(failure) if failure.recorded_as() == PassOutcome::Unreachable => {
                warn!("{failure}: trying again");
            }
            Err(failure) => return Err(failure),
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// The weights of the last batch that is to be seen, once they are in force.
async fn settled(store: &Store) -> Result<WeightsRow, Failure> {
    loop {
        let rows = store.last_weights(8)?;
        let lost = rows.iter().find(|row| row.state == WeightsState::GivenUp);
        if let Some(row) = lost {
            return Err(Failure::Demo {
                finding: format!("weights given up: {}", row.note),
            });
        }
        let in_force: Vec<&WeightsRow> = rows
            .iter()
            .filter(|row| row.state == WeightsState::Final)
            .collect();
        if in_force.len() >= BATCHES {
            return Ok(in_force[0].clone());
        }
        tokio::time::sleep(PERIOD).await;
    }
}
