//! `horde inspect`

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use horde_validator::evidence::{self, Evidence, EvidenceError};
use horde_validator::keys::Hotkey;
use horde_validator::pass::Failure;
use horde_validator::settings::Environment;
use horde_validator::store::{Filter, Store};

use crate::moment::moment;
use crate::output;
use crate::table::{self, Form};

/// Show what happened, and why a miner got its weight
///
/// From a weight to the batch it was made of, to each job, to its answer, its times and the rule
/// of its score. Without a name: the newest of their kind. Reads the database alone and changes
/// nothing.
///
/// TIME is UTC: 2026-03-01, 2026-03-01T12:00, or 6h (so long ago).
///
/// Example: horde inspect weights 12 --miner 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Print the first table as CSV
    #[arg(long, global = true, conflicts_with = "json")]
    csv: bool,

    #[command(subcommand)]
    subject: Subject,
}

#[derive(Debug, Subcommand)]
enum Subject {
    /// Batches, or one: its miners and the times of its stages
    Batch {
        /// Its number or uuid
        #[arg(conflicts_with_all = Span::FLAGS, conflicts_with = "outcome")]
        batch: Option<String>,
        /// This miner alone, with its jobs
        #[arg(long, value_name = "HOTKEY", requires = "batch")]
        miner: Option<Hotkey>,
        /// In this state: planned, missed, started, done, broken
        #[arg(long, value_name = "STATE")]
        outcome: Option<String>,
        #[command(flatten)]
        span: Span,
    },
    /// Jobs of batches, or one: its answer, its times, its receipts
    Job {
        /// Its uuid
        #[arg(conflicts_with_all = Span::FLAGS)]
        #[arg(conflicts_with_all = ["miner", "outcome", "executor_class"])]
        job: Option<String>,
        /// Of this miner
        #[arg(long, value_name = "HOTKEY")]
        miner: Option<Hotkey>,
        /// completed, wrong (an answer that is not right) or failed
        #[arg(long)]
        outcome: Option<String>,
        /// Of this executor class
        #[arg(long, value_name = "CLASS")]
        executor_class: Option<String>,
        #[command(flatten)]
        span: Span,
    },
    /// A miner: its weights and its batches
    Miner {
        hotkey: Hotkey,
        #[command(flatten)]
        span: Span,
    },
    /// Weights, or one row: each miner's weight and what it is made of
    Weights {
        /// Its number
        #[arg(conflicts_with_all = Span::FLAGS, conflicts_with = "outcome")]
        weights: Option<i64>,
        /// This miner alone, with its share of each class and its jobs
        #[arg(long, value_name = "HOTKEY", requires = "weights")]
        miner: Option<Hotkey>,
        /// In this state: decided, placed, final, given_up
        #[arg(long, value_name = "STATE")]
        outcome: Option<String>,
        #[command(flatten)]
        span: Span,
    },
    /// Jobs of users, or one: its end, its output, its times
    Organic {
        /// Its uuid
        #[arg(conflicts_with_all = Span::FLAGS, conflicts_with_all = ["miner", "outcome"])]
        job: Option<String>,
        /// Of this miner
        #[arg(long, value_name = "HOTKEY")]
        miner: Option<Hotkey>,
        /// running, completed or failed
        #[arg(long, value_name = "STATUS")]
        outcome: Option<String>,
        #[command(flatten)]
        span: Span,
    },
    /// Events, or one with its data
    Events {
        /// Its number
        #[arg(conflicts_with_all = Span::FLAGS)]
        #[arg(conflicts_with_all = ["miner", "outcome", "kind"])]
        event: Option<i64>,
        /// That name this miner
        #[arg(long, value_name = "HOTKEY")]
        miner: Option<Hotkey>,
        /// Of this type, such as MINER_SYNTHETIC_JOB_FAILURE
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// Of this subtype
        #[arg(long, value_name = "SUBTYPE")]
        outcome: Option<String>,
        #[command(flatten)]
        span: Span,
    },
    /// Receipts, or those of one job
    Receipts {
        /// The job's uuid
        #[arg(conflicts_with_all = Span::FLAGS)]
        #[arg(conflicts_with_all = ["miner", "outcome", "kind"])]
        job: Option<String>,
        /// Of this miner
        #[arg(long, value_name = "HOTKEY")]
        miner: Option<Hotkey>,
        /// JobStartedReceipt or JobFinishedReceipt
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// countersigned by the miner, or own
        #[arg(long, value_name = "SIGNED")]
        outcome: Option<String>,
        #[command(flatten)]
        span: Span,
    },
    /// Runs of subcommands, or one
    Passes {
        /// Its number
        #[arg(conflicts_with_all = Span::FLAGS, conflicts_with_all = ["name", "outcome"])]
        pass: Option<i64>,
        /// Of this subcommand, such as set-weights
        #[arg(long, value_name = "PASS")]
        name: Option<String>,
        /// done, idle, failed, unreachable, misconfigured, interrupted, running
        #[arg(long)]
        outcome: Option<String>,
        #[command(flatten)]
        span: Span,
    },
}

/// Which rows of a list.
#[derive(Debug, Args)]
struct Span {
    /// From this time on
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<DateTime<Utc>>,

    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<DateTime<Utc>>,

    /// At most so many, the newest
    #[arg(long, value_name = "ROWS", default_value_t = 20)]
    limit: u32,
}

impl Span {
    const FLAGS: [&str; 3] = ["since", "until", "limit"];

    fn filter(&self) -> Filter {
        Filter {
            since: self.since,
            until: self.until,
            limit: Some(self.limit),
            ..Filter::default()
        }
    }
}

impl Inspect {
    pub(crate) fn run(&self, environment: &Environment, json: bool) -> Result<(), Failure> {
        let store = Store::open(&environment.database())?;
        let found = self.subject.evidence(&store)?;
        let form = match (json, self.csv) {
            (true, _) => Form::Json,
            (_, true) => Form::Csv,
            (false, false) => Form::Text,
        };
        table::show(&found, form);
        if let Form::Text = form
            && let Some(limit) = self.subject.limit_reached(&found)
        {
            output::line(format_args!("the newest {limit}; more with --limit"));
        }
        Ok(())
    }
}

impl Subject {
    fn evidence(&self, store: &Store) -> Result<Evidence, EvidenceError> {
        let text = |miner: &Option<Hotkey>| miner.map(|hotkey| hotkey.to_string());
        let (miner, outcome, kind) = match self {
            Self::Batch { outcome, .. } | Self::Weights { outcome, .. } => (None, outcome, &None),
            Self::Miner { .. } => (None, &None, &None),
            Self::Job {
                miner,
                outcome,
                executor_class,
                ..
            } => (text(miner), outcome, executor_class),
            Self::Organic { miner, outcome, .. } => (text(miner), outcome, &None),
            Self::Events {
                miner,
                outcome,
                kind,
                ..
            }
            | Self::Receipts {
                miner,
                outcome,
                kind,
                ..
            } => (text(miner), outcome, kind),
            Self::Passes { outcome, name, .. } => (None, outcome, name),
        };
        let filter = Filter {
            miner,
            outcome: outcome.clone(),
            kind: kind.clone(),
            ..self.span().filter()
        };
        match self {
            Self::Batch {
                batch: Some(name),
                miner,
                ..
            } => evidence::batch(store, name, text(miner).as_deref()),
            Self::Batch { .. } => evidence::batches(store, &filter),
            Self::Job {
                job: Some(uuid), ..
            } => evidence::job(store, uuid),
            Self::Job { .. } => evidence::jobs(store, &filter),
            Self::Miner { hotkey, .. } => evidence::miner(store, &hotkey.to_string(), &filter),
            Self::Weights {
                weights: Some(number),
                miner,
                ..
            } => evidence::weights(store, *number, text(miner).as_deref()),
            Self::Weights { .. } => evidence::all_weights(store, &filter),
            Self::Organic {
                job: Some(uuid), ..
            } => evidence::organic_job(store, uuid),
            Self::Organic { .. } => evidence::organic_jobs(store, &filter),
            Self::Events {
                event: Some(number),
                ..
            } => evidence::event(store, *number),
            Self::Events { .. } => evidence::events(store, &filter),
            Self::Receipts {
                job: Some(uuid), ..
            } => evidence::receipts_of_job(store, uuid),
            Self::Receipts { .. } => evidence::receipts(store, &filter),
            Self::Passes {
                pass: Some(number), ..
            } => evidence::pass(store, *number),
            Self::Passes { .. } => evidence::passes(store, &filter),
        }
    }

    fn span(&self) -> &Span {
        match self {
            Self::Batch { span, .. }
            | Self::Job { span, .. }
            | Self::Miner { span, .. }
            | Self::Weights { span, .. }
            | Self::Organic { span, .. }
            | Self::Events { span, .. }
            | Self::Receipts { span, .. }
            | Self::Passes { span, .. } => span,
        }
    }

    /// A list (or a miner's history) may go on.
    fn limit_reached(&self, found: &Evidence) -> Option<u32> {
        let limit = self.span().limit;
        let is_listed = found.facts.is_empty() || matches!(self, Self::Miner { .. });
        let is_full = found
            .tables
            .iter()
            .any(|table| table.rows.len() == limit as usize);
        (is_listed && is_full).then_some(limit)
    }
}
