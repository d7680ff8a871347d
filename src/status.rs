//! What an operator wants to know at once: is it serving, what happened last, what is due, what is
//! wrong and what to do. Read from the database alone, so that it answers when all else is down.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::settings::Environment;
use crate::store::{
    BackupCopy, BackupRow, BatchState, ChainSeen, CopyOutcome, PassOutcome, PassRow, Store,
    StoreError, WeightsRow, WeightsState,
};

/// The passes that a timer starts, and how often, in seconds.
pub const PERIODS: [(&str, i64); 11] = [
    ("schedule-synthetic", 60),
    ("run-synthetic", 30),
    ("set-weights", 60),
    ("sync-params", 300),
    ("send-events", 300),
    ("prompts-generate", 300),
    ("prompts-sample", 1800),
    ("prompts-answer", 300),
    ("fetch-receipts", 1800),
    ("backup-db", 86_400),
    ("evict", 86_400),
];
/// A timer that missed this many of its periods is not running.
const PERIODS_MISSED: i32 = 10;
/// No pass that is started so often runs longer: its unit ends it before.
const LONGEST_RUN: TimeDelta = TimeDelta::hours(1);
const MINUTES_CUT_UNTIL_RED: i64 = 2;
/// So many events are those of a week in which none was sent.
const MANY_UNSENT: u64 = 50_000;
/// Published parameters older than this may no longer be those of the other validators.
const PARAMS_OLD: TimeDelta = TimeDelta::hours(1);
/// A day and a half: one backup was missed.
const BACKUP_OLD: TimeDelta = TimeDelta::hours(36);
/// So long another server that writes with our hotkey is shown.
const UNKNOWN_WRITE_SHOWN: TimeDelta = TimeDelta::hours(24);
/// Weights that were not updated for so long are about to stop counting.
const TEMPOS_UNTIL_RED: u64 = 3;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    pub serving: bool,
    pub database: DatabaseStatus,
    pub chain: Option<ChainStatus>,
    pub batch: Option<BatchStatus>,
    pub weights: Option<WeightsStatus>,
    pub facilitator: Option<FacilitatorStatus>,
    pub backup: Option<BackupStatus>,
    /// The last restore, until the chain was compared with what was restored.
    pub restored: Option<RestoredStatus>,
    pub passes: Vec<PassStatus>,
    /// What is wrong, worst first; empty when all is well.
    pub problems: Vec<Problem>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatabaseStatus {
    pub path: String,
    pub version: i32,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChainStatus {
    pub block: u64,
    pub seen_at: DateTime<Utc>,
    pub last_update: Option<u64>,
    pub blocks_since_update: Option<u64>,
    pub tempos_since_update: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BatchStatus {
    pub id: i64,
    pub block: i64,
    pub state: &'static str,
    pub started_at: Option<DateTime<Utc>>,
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WeightsStatus {
    pub id: i64,
    pub way: &'static str,
    pub state: &'static str,
    pub uids: usize,
    pub placed_block: Option<u64>,
    pub reveal_from: Option<u64>,
    pub reveal_until: Option<u64>,
    pub final_block: Option<u64>,
    pub note: String,
}

/// The line that users' jobs come from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FacilitatorStatus {
    /// As long as a relay runs; a killed one leaves it as it was.
    pub connected: bool,
    /// Of the last change.
    pub since: DateTime<Utc>,
    /// Why there is no connection, if there is none.
    pub finding: String,
    /// Jobs that run now.
    pub jobs_running: usize,
    /// Messages that were not delivered yet.
    pub undelivered: usize,
}

/// The newest backup.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BackupStatus {
    pub name: String,
    pub made_at: DateTime<Utc>,
    pub bytes: u64,
    /// Where it is: the folder, then the targets that have it.
    pub places: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RestoredStatus {
    pub backup: String,
    pub at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PassStatus {
    pub name: String,
    pub started_at: DateTime<Utc>,
    /// `None`: it runs, or was killed.
    pub outcome: Option<&'static str>,
    pub summary: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub what: String,
    pub to_do: &'static str,
}

impl Status {
    /// Reads everything from the database; asks nobody else.
    pub fn read(
        store: &Store,
        environment: &Environment,
        is_serving: bool,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let passes = store.last_passes()?;
        let chain = store.chain_seen()?.map(chain_status);
        let weights = store.last_weights(1)?.pop();
        let batch = store.last_batches(1)?.pop();
        let mut problems = Vec::new();
        problems.extend(chain.as_ref().and_then(stale_weights));
        problems.extend(weights.as_ref().and_then(lost_weights));
        if batch
            .as_ref()
            .is_some_and(|batch| batch.state == BatchState::Missed)
        {
            problems.push(Problem {
                what: "the newest batch was missed".to_owned(),
                to_do: "check that the timer of run-synthetic is running",
            });
        }
        problems.extend(passes.iter().filter_map(|pass| pass_problem(pass, now)));
        let facilitator = facilitator_status(store)?;
        problems.extend(
            facilitator
                .as_ref()
                .and_then(|line| cut_line(line, &passes, now)),
        );
        let newest_backup = store.last_backups(1)?.pop();
        problems.extend(old_backup(newest_backup.as_ref(), store.made_at()?, now));
        problems.extend(unknown_write(store, now)?);
        problems.extend(old_params(store, now)?);
        if environment.stats_collector().is_some() {
            problems.extend(many_unsent(store)?);
        }
        if !is_serving {
            problems.push(not_serving(store)?);
        }
        Ok(Self {
            serving: is_serving,
            database: DatabaseStatus {
                path: store.path().display().to_string(),
                version: store.version()?,
            },
            chain,
            batch: batch.map(|batch| BatchStatus {
                id: batch.id.number(),
                block: batch.plan.block,
                state: batch.state.name(),
                started_at: batch.started_at,
                note: batch.note,
            }),
            weights: weights.map(weights_status),
            facilitator,
            backup: newest_backup
                .map(|backup| backup_status(store, backup))
                .transpose()?,
            restored: restored_status(store)?,
            passes: passes.into_iter().map(pass_status).collect(),
            problems,
        })
    }
}

fn chain_status(seen: ChainSeen) -> ChainStatus {
    let blocks = seen
        .last_update
        .map(|block| seen.block.saturating_sub(block));
    ChainStatus {
        block: seen.block,
        seen_at: seen.at,
        last_update: seen.last_update,
        blocks_since_update: blocks,
        tempos_since_update: blocks.map(|blocks| blocks as f64 / f64::from(seen.tempo.max(1))),
    }
}

fn facilitator_status(store: &Store) -> Result<Option<FacilitatorStatus>, StoreError> {
    let Some(seen) = store.facilitator_seen()? else {
        return Ok(None);
    };
    Ok(Some(FacilitatorStatus {
        connected: seen.is_connected,
        since: seen.at,
        finding: seen.finding,
        jobs_running: store.running_organic_jobs()?.len(),
        undelivered: store.pending_intents("facilitator.")?.len(),
    }))
}

fn backup_status(store: &Store, backup: BackupRow) -> Result<BackupStatus, StoreError> {
    let copies = store.backup_copies(&backup.name)?;
    let arrived = copies
        .iter()
        .filter(|copy| copy.outcome == CopyOutcome::Sent);
    let mut places = vec![backup.folder];
    places.extend(arrived.map(|copy: &BackupCopy| copy.target.name().to_owned()));
    Ok(BackupStatus {
        name: backup.name,
        made_at: backup.made_at,
        bytes: backup.bytes,
        places,
    })
}

fn restored_status(store: &Store) -> Result<Option<RestoredStatus>, StoreError> {
    let restored = store.restored()?;
    let open = restored.filter(|restored| restored.reconciled_at.is_none());
    Ok(open.map(|restored| RestoredStatus {
        backup: restored.backup,
        at: restored.at,
    }))
}

fn old_backup(
    newest: Option<&BackupRow>,
    database_made_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<Problem> {
    let is_old = |at: DateTime<Utc>| now - at > BACKUP_OLD;
    let what = match newest {
        Some(backup) if is_old(backup.made_at) => {
            let hours = (now - backup.made_at).num_hours();
            format!("the newest backup is {hours} hours old")
        }
        None if database_made_at.is_some_and(is_old) => "there is no backup yet".to_owned(),
        Some(_) | None => return None,
    };
    Some(Problem {
        what,
        to_do: "run `horde backup-db`, and check its timer or crontab line",
    })
}

fn unknown_write(store: &Store, now: DateTime<Utc>) -> Result<Option<Problem>, StoreError> {
    let write = store.unknown_write()?;
    let recent = write.filter(|write| !write.after_restore && now - write.at < UNKNOWN_WRITE_SHOWN);
    Ok(recent.map(|write| Problem {
        what: format!(
            "block {} holds a write of this hotkey that is not from here",
            write.block
        ),
        to_do: "let one server serve only: `horde serving off` on the other",
    }))
}

/// A relay that runs, and has been without a connection for a while.
fn cut_line(line: &FacilitatorStatus, passes: &[PassRow], now: DateTime<Utc>) -> Option<Problem> {
    let mut relays = passes.iter().filter(|pass| pass.name == "relay-organic");
    let runs = relays.any(|pass| pass.end.is_none());
    let is_long = now - line.since > TimeDelta::minutes(MINUTES_CUT_UNTIL_RED);
    (runs && !line.connected && is_long).then(|| Problem {
        what: format!("relay-organic is not connected: {}", line.finding),
        to_do: "it tries again by itself; check the network and FACILITATOR_URI",
    })
}

fn stale_weights(chain: &ChainStatus) -> Option<Problem> {
    let tempos = chain
        .tempos_since_update
        .filter(|tempos| *tempos >= TEMPOS_UNTIL_RED as f64)?;
    let blocks = chain.blocks_since_update?;
    Some(Problem {
        what: format!(
            "weights were last updated on chain {blocks} blocks ago ({tempos:.1} tempos)"
        ),
        to_do: "look at what `horde set-weights` says",
    })
}

fn lost_weights(weights: &WeightsRow) -> Option<Problem> {
    (weights.state == WeightsState::GivenUp).then(|| Problem {
        what: format!(
            "weights {} are given up: {}",
            weights.id.number(),
            weights.note
        ),
        to_do: "the next batch makes new ones; see what went wrong in the log",
    })
}

fn old_params(store: &Store, now: DateTime<Utc>) -> Result<Option<Problem>, StoreError> {
    let read_at = store.last_good_pass("sync-params")?;
    let age = read_at.map(|at| now - at).filter(|age| *age > PARAMS_OLD);
    Ok(age.map(|age| Problem {
        what: format!(
            "published parameters were read {} minutes ago",
            age.num_minutes()
        ),
        to_do: "look at what `horde sync-params` says",
    }))
}

fn many_unsent(store: &Store) -> Result<Option<Problem>, StoreError> {
    let unsent = store.count_unsent_events()?;
    Ok((unsent > MANY_UNSENT).then(|| Problem {
        what: format!("{unsent} events are waiting to be sent"),
        to_do: "look at what `horde send-events` says",
    }))
}

fn not_serving(store: &Store) -> Result<Problem, StoreError> {
    let stored = store.params()?;
    let is_pinned = stored.iter().any(|one| one.name == "SERVING");
    Ok(Problem {
        what: match is_pinned {
            true => "not serving: it is turned off".to_owned(),
            false => "not serving: MIGRATING is set".to_owned(),
        },
        to_do: match is_pinned {
            true => "`horde serving on`, on the server that is to serve",
            false => "unset MIGRATING on the server that is to serve",
        },
    })
}

fn weights_status(row: WeightsRow) -> WeightsStatus {
    WeightsStatus {
        id: row.id.number(),
        way: row.way.name(),
        state: row.state.name(),
        uids: row.entries.len(),
        placed_block: row.placed_block,
        reveal_from: row.reveal_from,
        reveal_until: row.reveal_until,
        final_block: row.final_block,
        note: row.note,
    }
}

fn pass_status(pass: PassRow) -> PassStatus {
    let (outcome, summary) = match pass.end {
        Some(end) => (Some(end.outcome.name()), end.summary),
        None => (None, String::new()),
    };
    PassStatus {
        name: pass.name,
        started_at: pass.started_at,
        outcome,
        summary,
    }
}

fn pass_problem(pass: &PassRow, now: DateTime<Utc>) -> Option<Problem> {
    let period = PERIODS
        .iter()
        .find(|(name, _)| *name == pass.name)
        .map(|(_, seconds)| *seconds);
    let silence = now - pass.started_at;
    let is_long = |period| {
        let patience = TimeDelta::seconds(period) * PERIODS_MISSED;
        // one that has no end yet may well be running
        match pass.end {
            Some(_) => silence > patience,
            None => silence > patience.max(LONGEST_RUN),
        }
    };
    if let Some(period) = period
        && is_long(period)
    {
        return Some(Problem {
            what: format!(
                "{} last ran {} minutes ago",
                pass.name,
                silence.num_minutes()
            ),
            to_do: "check its timer (`systemctl list-timers`)",
        });
    }
    let end = pass.end.as_ref()?;
    let to_do = match end.outcome {
        PassOutcome::Done | PassOutcome::Idle | PassOutcome::Interrupted => return None,
        PassOutcome::Failed => "see the log of this pass",
        PassOutcome::Unreachable => "the next pass tries again; if it goes on, check the network",
        PassOutcome::Misconfigured => "`horde config` shows every setting",
    };
    Some(Problem {
        what: format!("{}: {}", pass.name, end.summary),
        to_do,
    })
}
