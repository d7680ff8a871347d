//! One row per run of a subcommand. A row without an end belongs to a pass that runs or was killed.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row};

use super::filter::Columns;
use super::{Filter, Store, StoreError, time};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassId(pub(super) i64);

impl PassId {
    pub fn number(self) -> i64 {
        self.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassOutcome {
    Done,
    /// Nothing was due.
    Idle,
    Failed,
    /// The outside could not be reached; the next pass tries again.
    Unreachable,
    /// A person has to change something.
    Misconfigured,
    /// Ended early by Ctrl-C or SIGTERM.
    Interrupted,
}

impl PassOutcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Idle => "idle",
            Self::Failed => "failed",
            Self::Unreachable => "unreachable",
            Self::Misconfigured => "misconfigured",
            Self::Interrupted => "interrupted",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [
            Self::Done,
            Self::Idle,
            Self::Failed,
            Self::Unreachable,
            Self::Misconfigured,
            Self::Interrupted,
        ]
        .into_iter()
        .find(|outcome| outcome.name() == name)
    }

    pub fn is_good(self) -> bool {
        matches!(self, Self::Done | Self::Idle)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct PassRow {
    pub id: PassId,
    pub name: String,
    pub version: String,
    pub started_at: DateTime<Utc>,
    /// End, outcome and summary; `None` while it runs and after it was killed.
    pub end: Option<PassEnd>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PassEnd {
    pub at: DateTime<Utc>,
    pub outcome: PassOutcome,
    pub summary: String,
}

impl Store {
    pub fn begin_pass(
        &mut self,
        name: &str,
        version: &str,
        now: DateTime<Utc>,
    ) -> Result<PassId, StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO passes (name, version, started_at) VALUES (?1, ?2, ?3)",
                (name, version, time::to_text(now)),
            )?;
            Ok(PassId(tx.last_insert_rowid()))
        })
    }

    pub fn end_pass(
        &mut self,
        id: PassId,
        outcome: PassOutcome,
        summary: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "UPDATE passes SET ended_at = ?2, outcome = ?3, summary = ?4 WHERE id = ?1",
                (id.0, time::to_text(now), outcome.name(), summary),
            )?;
            Ok(())
        })
    }

    /// The newest pass of each name, by name.
    pub fn last_passes(&self) -> Result<Vec<PassRow>, StoreError> {
        // from name to name, without reading what lies between them
        self.select_passes(
            "id IN (WITH RECURSIVE names (name) AS (
                        SELECT min(name) FROM passes
                        UNION ALL
                        SELECT (SELECT min(name) FROM passes WHERE name > names.name)
                        FROM names WHERE name IS NOT NULL)
                    SELECT (SELECT max(id) FROM passes WHERE name = names.name) FROM names)
             ORDER BY name",
            [],
        )
    }

    /// Passes by start, name and outcome.
    pub fn find_passes(&self, filter: &Filter) -> Result<Vec<PassRow>, StoreError> {
        let (condition, values) = filter.condition(Columns {
            time: "started_at",
            outcome: Some("coalesce(outcome, 'running')"),
            kind: Some("name"),
            order: "id DESC",
            ..Columns::default()
        });
        self.select_passes(&condition, rusqlite::params_from_iter(values))
    }

    /// The pass of this number.
    pub fn pass(&self, number: i64) -> Result<Option<PassRow>, StoreError> {
        Ok(self.select_passes("id = ?1", [number])?.pop())
    }

    fn select_passes(
        &self,
        condition: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<PassRow>, StoreError> {
        let mut query = self.db.prepare_cached(&format!(
            "SELECT id, name, version, started_at, ended_at, outcome, summary FROM passes
             WHERE {condition}"
        ))?;
        let mut rows = query.query(values)?;
        let mut passes = Vec::new();
        while let Some(row) = rows.next()? {
            passes.push(pass(row)?);
        }
        Ok(passes)
    }

    /// How many passes of this name, the newest ones, could not reach the outside.
    pub fn unreachable_in_a_row(&self, name: &str) -> Result<u32, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT outcome FROM passes WHERE name = ?1 AND outcome IS NOT NULL
             ORDER BY id DESC LIMIT 16",
        )?;
        let outcomes = query.query_map([name], |row| row.get::<_, String>(0))?;
        let mut count = 0;
        for outcome in outcomes {
            if outcome? != PassOutcome::Unreachable.name() {
                break;
            }
            count += 1;
        }
        Ok(count)
    }

    /// Since when every pass of this name has ended badly; `None`: the last one has not. One that
    /// began before `long_ago` and still runs is taken for good.
    pub fn failing_since(
        &self,
        name: &str,
        long_ago: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT min(started_at) FROM passes
             WHERE name = ?1 AND outcome IN ('failed', 'unreachable', 'misconfigured')
               AND id > (SELECT coalesce(max(id), 0) FROM passes
                         WHERE name = ?1 AND outcome IN ('done', 'idle'))
               AND NOT EXISTS (SELECT 1 FROM passes
                               WHERE id = (SELECT max(id) FROM passes WHERE name = ?1)
                                 AND outcome IS NULL AND started_at < ?2)",
        )?;
        let text: Option<String> =
            query.query_row((name, time::to_text(long_ago)), |row| row.get(0))?;
        Ok(text.as_deref().and_then(time::from_text))
    }

    /// How a pass of this name last ended, whatever runs now.
    pub fn last_end(&self, name: &str) -> Result<Option<PassEnd>, StoreError> {
        let ended = self.select_passes(
            "name = ?1 AND outcome IS NOT NULL ORDER BY id DESC LIMIT 1",
            [name],
        )?;
        Ok(ended.into_iter().next().and_then(|pass| pass.end))
    }

    /// When a pass of this name last ended well.
    pub fn last_good_pass(&self, name: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT ended_at FROM passes WHERE name = ?1 AND outcome IN ('done', 'idle')
             ORDER BY id DESC LIMIT 1",
        )?;
        let text: Option<String> = query.query_row([name], |row| row.get(0)).optional()?;
        Ok(text.as_deref().and_then(time::from_text))
    }
}

fn pass(row: &Row) -> Result<PassRow, StoreError> {
    let id: i64 = row.get(0)?;
    let damaged = |finding: &str| StoreError::Row {
        table: "passes",
        id,
        finding: finding.to_owned(),
    };
    let moment = |text: String| time::from_text(&text).ok_or_else(|| damaged("not a time"));
    let end = match row.get::<_, Option<String>>(4)? {
        None => None,
        Some(at) => Some(PassEnd {
            at: moment(at)?,
            outcome: PassOutcome::from_name(&row.get::<_, String>(5)?)
                .ok_or_else(|| damaged("unknown outcome"))?,
            summary: row.get::<_, Option<String>>(6)?.unwrap_or_default(),
        }),
    };
    Ok(PassRow {
        id: PassId(id),
        name: row.get(1)?,
        version: row.get(2)?,
        started_at: moment(row.get(3)?)?,
        end,
    })
}
