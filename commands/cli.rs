//! What can be said on the command line, and which file answers.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use horde_validator::pass::{Failure, Frame, Outcome, Progress, VERSION};
use horde_validator::settings::Environment;
use indicatif::MultiProgress;

use crate::{
    backup_db, completions, config, debug_run, doctor, evict, fetch_receipts, inspect,
    list_backups, man, metrics, migrate, miners, notify, output, params, prompts,
    provision_buckets, relay_organic, report, restore_db, run_synthetic, schedule_synthetic,
    send_events, serving, set_weights, signals, status, sync_params,
};

/// A ComputeHorde validator: each subcommand makes one pass and exits
///
/// Passes work on one SQLite file and are meant to be started by timers. Running any of them
/// twice does no harm: the second run finds what the first one did. Settings come from the
/// environment and a .env file; `horde config` shows them.
///
/// Exit codes: 0 done or nothing due; 1 failed; 2 usage or configuration;
/// 75 the outside could not be reached, the next pass tries again.
#[derive(Debug, Parser)]
#[command(name = "horde", version = VERSION, max_term_width = 80, subcommand_required = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) shared: Shared,

    #[command(subcommand)]
    command: Command,
}

/// Said to every subcommand in the same way.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Shared {
    /// Read settings from this file instead of .env or /etc/horde/horde.env
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,

    /// Print one JSON document to stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Log more (-v: debug, -vv: trace)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Log errors only, draw no progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// No colours (also: NO_COLOR)
    #[arg(long, global = true)]
    pub(crate) no_color: bool,

    /// Form of the log on stderr [default: journald under systemd, else text]
    #[arg(long, global = true, value_enum, value_name = "FORM")]
    pub(crate) log_format: Option<LogFormat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
    /// With priorities that journald understands, without times
    Journald,
}

#[derive(Debug, Subcommand)]
enum Command {
    ScheduleSynthetic(schedule_synthetic::ScheduleSynthetic),
    RunSynthetic(run_synthetic::RunSynthetic),
    SetWeights(set_weights::SetWeights),
    RelayOrganic(relay_organic::RelayOrganic),
    FetchReceipts(fetch_receipts::FetchReceipts),
    Prompts(prompts::Prompts),
    SyncParams(sync_params::SyncParams),
    SendEvents(send_events::SendEvents),
    Evict(evict::Evict),
    BackupDb(backup_db::BackupDb),
    ListBackups(list_backups::ListBackups),
    VerifyBackup(restore_db::VerifyBackup),
    RestoreDb(restore_db::RestoreDb),
    ProvisionBuckets(provision_buckets::ProvisionBuckets),
    DebugRun(debug_run::DebugRun),
    Status(status::Status),
    Inspect(inspect::Inspect),
    Report(report::Report),
    Metrics(metrics::Metrics),
    Doctor(doctor::Doctor),
    Params(params::Params),
    Serving(serving::Serving),
    Miners(miners::Miners),
    Config(config::Config),
    Migrate(migrate::Migrate),
    Notify(notify::Notify),
    Completions(completions::Completions),
    Man(man::Man),
    #[cfg(feature = "devnet")]
    Devnet(crate::devnet::Devnet),
    #[cfg(feature = "devnet")]
    Demo(crate::demo::Demo),
}

impl Cli {
    /// Whether many passes are run for show.
    pub(crate) fn is_rehearsal(&self) -> bool {
        match self.command {
            #[cfg(feature = "devnet")]
            Command::Demo(_) => true,
            _ => false,
        }
    }

    /// Whether it has to work when the settings are what is wrong.
    pub(crate) fn tells_of_failures(&self) -> bool {
        matches!(self.command, Command::Notify(_))
    }

    pub(crate) fn run(
        &self,
        environment: &Environment,
        bars: MultiProgress,
    ) -> Result<(), Failure> {
        let json = self.shared.json;
        let frame = || Frame {
            environment: environment.clone(),
            progress: Progress::on(bars.clone()),
            stop: signals::stop_token(),
        };
        let said = |outcome: Outcome| output::outcome(&outcome, json);
        match &self.command {
            Command::ScheduleSynthetic(args) => args.run(&frame()).map(said),
            Command::RunSynthetic(args) => args.run(&frame()).map(said),
            Command::SetWeights(args) => args.run(&frame()).map(said),
            Command::RelayOrganic(args) => args.run(&frame()).map(said),
            Command::FetchReceipts(args) => args.run(&frame()).map(said),
            Command::Prompts(args) => args.run(&frame()).map(said),
            Command::SyncParams(args) => args.run(&frame()).map(said),
            Command::SendEvents(args) => args.run(&frame()).map(said),
            Command::Evict(args) => args.run(&frame()).map(said),
            Command::BackupDb(args) => args.run(&frame()).map(said),
            Command::ListBackups(args) => args.run(environment, json),
            Command::VerifyBackup(args) => args.run(&frame(), json),
            Command::RestoreDb(args) => args.run(&frame(), json),
            Command::ProvisionBuckets(args) => args.run(&frame(), json),
            Command::DebugRun(args) => args.run(&frame(), json),
            Command::Doctor(args) => args.run(environment, json),
            Command::Status(args) => args.run(environment, json),
            Command::Inspect(args) => args.run(environment, json),
            Command::Report(args) => args.run(environment, json),
            Command::Metrics(args) => args.run(environment, json),
            Command::Completions(args) => {
                args.run();
                Ok(())
            }
            Command::Man(args) => args.run(),
            Command::Params(args) => args.run(environment, json),
            Command::Serving(args) => args.run(environment, json),
            Command::Miners(args) => args.run(environment, json),
            Command::Config(args) => args.run(environment, json),
            Command::Notify(args) => args.run(&frame()).map(said),
            Command::Migrate(args) => args.run(environment, json),
            #[cfg(feature = "devnet")]
            Command::Devnet(args) => args.run(json),
            #[cfg(feature = "devnet")]
            Command::Demo(args) => args.run(&frame(), json),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn no_two_arguments_clash() {
        Cli::command().debug_assert();
    }
}
