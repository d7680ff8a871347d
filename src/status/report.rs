//! The state of everything, put together from the rows of the database.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::due::Due;
use super::problem::{
    Problem, cut_line, lost_weights, many_unsent, not_serving, old_backup, old_params,
    pass_problem, stale_weights, unknown_write,
};
use crate::settings::Environment;
use crate::store::{
    BackupCopy, BackupRow, BatchState, ChainSeen, CopyOutcome, PassRow, Store, StoreError,
    WeightsRow,
};

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    pub serving: bool,
    pub database: DatabaseStatus,
    pub chain: Option<ChainStatus>,
    pub batch: Option<BatchStatus>,
    /// The newest batch that has results.
    pub last_run: Option<LastRun>,
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
    /// While it waits for its block.
    pub due: Option<Due>,
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LastRun {
    pub id: i64,
    pub ended_at: Option<DateTime<Utc>>,
    pub miners: u32,
    pub answered: u32,
    pub jobs: u32,
    pub succeeded: u32,
    /// Jobs with a wrong answer.
    pub wrong: u32,
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
    /// Until they are in force or given up.
    pub due: Option<Due>,
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

impl Status {
    /// Reads everything from the database; asks nobody else.
    pub fn read(
        store: &Store,
        environment: &Environment,
        is_serving: bool,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let passes = store.last_passes()?;
        let seen = store.chain_seen()?;
        let chain = seen.as_ref().map(chain_status);
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
        for pass in &passes {
            problems.extend(pass_problem(store, pass, now)?);
        }
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
                due: Due::of_batch(&batch, seen.as_ref()),
                note: batch.note,
            }),
            last_run: last_run(store)?,
            weights: weights.map(|row| weights_status(row, seen.as_ref())),
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

fn chain_status(seen: &ChainSeen) -> ChainStatus {
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

fn last_run(store: &Store) -> Result<Option<LastRun>, StoreError> {
    let Some(batch) = store.newest_finished_batch()? else {
        return Ok(None);
    };
    let counts = store.batch_counts(batch.id)?;
    Ok(Some(LastRun {
        id: batch.id.number(),
        ended_at: batch.ended_at,
        miners: counts.miners,
        answered: counts.answered,
        jobs: counts.jobs,
        succeeded: counts.succeeded,
        wrong: counts.wrong,
    }))
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

fn weights_status(row: WeightsRow, chain: Option<&ChainSeen>) -> WeightsStatus {
    WeightsStatus {
        due: Due::of_weights(&row, chain),
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
