//! `horde miners`

use chrono::Utc;
use clap::{Args, Subcommand};
use horde_validator::keys::Hotkey;
use horde_validator::pass::Failure;
use horde_validator::settings::Environment;
use horde_validator::store::{KnownMiner, NeuronsSeen, Store};
use serde_json::{Value, json};

use crate::output;

/// Show known miners, and block some from getting jobs of users
///
/// A blocked miner gets no jobs of users. It is still tested in batches, and its scores count.
/// The list shows the chain as it was last read, and the jobs of the newest finished batch.
///
/// Example: horde miners block 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY
#[derive(Debug, Args)]
pub(crate) struct Miners {
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Give a miner no jobs of users; it is still tested in batches
    Block {
        /// Its address (SS58)
        hotkey: Hotkey,
        /// Shown in the list of miners
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Give a miner jobs of users again
    Unblock {
        /// Its address (SS58)
        hotkey: Hotkey,
    },
}

impl Miners {
    pub(crate) fn run(&self, environment: &Environment, json: bool) -> Result<(), Failure> {
        let mut store = Store::open(&environment.database())?;
        let (hotkey, is_changed) = match &self.act {
            None => {
                let (miners, seen) = (store.known_miners()?, store.neurons_seen()?);
                list(&miners, seen, json);
                return Ok(());
            }
            Some(Act::Block { hotkey, reason }) => {
                let hotkey = hotkey.to_string();
                let before = store.block_of(&hotkey)?;
                let is_new = before.is_none();
                let reason = reason.clone().or(before).unwrap_or_default();
                store.block_miner(&hotkey, &reason, Utc::now())?;
                (hotkey, is_new)
            }
            Some(Act::Unblock { hotkey }) => {
                let hotkey = hotkey.to_string();
                let was_blocked = store.unblock_miner(&hotkey)?;
                (hotkey, was_blocked)
            }
        };
        let reason = store.block_of(&hotkey)?;
        if json {
            let document = json!({
                "hotkey": hotkey,
                "blocked": reason.is_some(),
                "reason": reason,
                "changed": is_changed,
            });
            output::document(&document);
            return Ok(());
        }
        let is = if is_changed { "is now" } else { "was already" };
        match reason {
            Some(_) => {
                output::line(format_args!("{hotkey} {is} blocked"));
                output::line("it gets no jobs of users, and is still tested in batches");
            }
            None => output::line(format_args!("{hotkey} {is} free to get jobs of users")),
        }
        Ok(())
    }
}

fn list(miners: &[KnownMiner], seen: Option<NeuronsSeen>, json: bool) {
    if json {
        let miners: Vec<Value> = miners.iter().map(entry).collect();
        return output::document(&json!({"miners": miners, "seen": seen}));
    }
    output::line(format_args!(
        "{:>4}  {:<48}  {:>7}  address",
        "uid", "hotkey", "jobs"
    ));
    for miner in miners {
        let uid = miner
            .uid
            .map_or_else(|| "-".to_owned(), |uid| uid.to_string());
        let jobs = miner.jobs.map_or_else(
            || "-".to_owned(),
            |(jobs, succeeded)| format!("{succeeded}/{jobs}"),
        );
        let address = miner.address.as_ref();
        let address = address.map_or_else(
            || "-".to_owned(),
            |(host, port)| output::address(host, *port),
        );
        output::line(format_args!(
            "{uid:>4}  {:<48}  {jobs:>7}  {address}",
            miner.hotkey
        ));
        if let Some(block) = &miner.blocked {
            let since = output::minute(block.at);
            output::line(format_args!(
                "      blocked since {since}: {}",
                block.reason
            ));
        }
    }
    output::line(match seen {
        Some(seen) => format!(
            "as of block {}, read {}",
            seen.block,
            output::minute(seen.at)
        ),
        None => "the chain was not read yet: `horde run-synthetic` does so".to_owned(),
    });
}

fn entry(miner: &KnownMiner) -> Value {
    let address = miner.address.as_ref();
    let blocked = miner.blocked.as_ref();
    json!({
        "uid": miner.uid,
        "hotkey": miner.hotkey,
        "address": address.map(|(host, port)| output::address(host, *port)),
        "blocked": blocked.map(|block| json!({"reason": block.reason, "since": block.at})),
        "jobs": miner.jobs.map(|(jobs, _)| jobs),
        "succeeded": miner.jobs.map(|(_, succeeded)| succeeded),
    })
}
