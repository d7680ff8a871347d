//! Deleting rows that are past their time, in pieces, so that nobody waits long to write. How long
//! each kind is kept is not known here.

use chrono::{DateTime, Utc};

use super::{Store, StoreError, time};

/// Rows of one kind. What refers to them goes with them, what is still needed stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evictable {
    /// Passes that had nothing to do.
    IdlePasses,
    /// Other passes, but the newest of each name and the newest good one.
    Passes,
    SentEvents,
    /// Events that nobody took.
    UnsentEvents,
    /// What was done to the outside and is settled.
    SettledIntents,
    /// Batches that are over, with their jobs.
    Batches,
    /// Weights that no batch belongs to any more.
    Weights,
    OrganicJobs,
    /// Prompts that were given to a batch, with what was compared.
    UsedPrompts,
    /// Files of prompts of which all were used and deleted.
    EmptyWorkloads,
    /// What is known of backups that rotation has removed.
    RemovedBackups,
}

impl Evictable {
    /// As people call them.
    pub fn name(self) -> &'static str {
        match self {
            Self::IdlePasses => "idle passes",
            Self::Passes => "passes",
            Self::SentEvents => "sent events",
            Self::UnsentEvents => "unsent events",
            Self::SettledIntents => "settled intents",
            Self::Batches => "batches",
            Self::Weights => "weights",
            Self::OrganicJobs => "users' jobs",
            Self::UsedPrompts => "used prompts",
            Self::EmptyWorkloads => "empty workloads",
            Self::RemovedBackups => "removed backups",
        }
    }

    /// So many are deleted in one transaction. A batch may have thousands of jobs, weights have
    /// hundreds of miners.
    fn piece(self) -> u32 {
        match self {
            Self::Batches => 1,
            Self::Weights => 20,
            Self::UsedPrompts => 200,
            _ => 5_000,
        }
    }

    /// ?1: the oldest time that stays; ?2: how many at most.
    fn sql(self) -> &'static str {
        match self {
            Self::IdlePasses => {
                "DELETE FROM passes WHERE id IN
                     (SELECT id FROM passes WHERE outcome = 'idle' AND ended_at < ?1 AND id NOT IN
                          (SELECT max(id) FROM passes GROUP BY name UNION
                           SELECT max(id) FROM passes WHERE outcome IN ('done', 'idle') GROUP BY name)
                      LIMIT ?2)"
            }
            Self::Passes => {
                "DELETE FROM passes WHERE id IN
                     (SELECT id FROM passes WHERE started_at < ?1 AND id NOT IN
                          (SELECT max(id) FROM passes GROUP BY name UNION
                           SELECT max(id) FROM passes WHERE outcome IN ('done', 'idle') GROUP BY name)
                      LIMIT ?2)"
            }
            Self::SentEvents => {
                "DELETE FROM events WHERE id IN
                     (SELECT id FROM events WHERE sent_at IS NOT NULL AND timestamp < ?1 LIMIT ?2)"
            }
            Self::UnsentEvents => {
                "DELETE FROM events WHERE id IN
                     (SELECT id FROM events WHERE sent_at IS NULL AND timestamp < ?1 LIMIT ?2)"
            }
            Self::SettledIntents => {
                "DELETE FROM intents WHERE id IN
                     (SELECT id FROM intents WHERE state <> 'pending' AND settled_at < ?1 LIMIT ?2)"
            }
            Self::Batches => {
                "DELETE FROM batches WHERE id IN
                     (SELECT id FROM batches
                      WHERE state IN ('missed', 'done', 'broken') AND planned_at < ?1 LIMIT ?2)"
            }
            Self::Weights => {
                "DELETE FROM weights WHERE id IN
                     (SELECT id FROM weights WHERE state IN ('final', 'given_up')
                      AND updated_at < ?1
                      AND id NOT IN (SELECT weights_id FROM batches WHERE weights_id IS NOT NULL)
                      LIMIT ?2)"
            }
            Self::OrganicJobs => {
                "DELETE FROM organic_jobs WHERE id IN
                     (SELECT id FROM organic_jobs WHERE ended_at < ?1 LIMIT ?2)"
            }
            Self::UsedPrompts => {
                "DELETE FROM prompt_samples WHERE id IN
                     (SELECT id FROM prompt_samples WHERE taken_at < ?1 LIMIT ?2)"
            }
            Self::EmptyWorkloads => {
                "DELETE FROM prompt_workloads WHERE id IN
                     (SELECT id FROM prompt_workloads WHERE finished_at < ?1
                      AND id NOT IN (SELECT workload_id FROM prompt_samples) LIMIT ?2)"
            }
            Self::RemovedBackups => {
                "DELETE FROM backups WHERE name IN
                     (SELECT name FROM backups WHERE removed_at < ?1 LIMIT ?2)"
            }
        }
    }
}

impl Store {
    /// Deletes one piece of what is older, and says whether there may be more, and how much it was.
    pub fn evict_piece(
        &mut self,
        what: Evictable,
        oldest: DateTime<Utc>,
    ) -> Result<(u64, bool), StoreError> {
        let piece = what.piece();
        let deleted = self.write(|tx| {
            let mut delete = tx.prepare_cached(what.sql())?;
            Ok(delete.execute((time::to_text(oldest), piece))? as u64)
        })?;
        Ok((deleted, deleted == u64::from(piece)))
    }

    /// Lets SQLite look again at what its plans rest on.
    pub fn optimize(&mut self) -> Result<(), StoreError> {
        Ok(self.db.execute_batch("PRAGMA optimize")?)
    }
}
