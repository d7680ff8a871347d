//! What is known of backups: when each was made and last unpacked, and where copies went.

use chrono::{DateTime, Utc};
use rusqlite::Row;

use super::filter::Columns;
use super::{Filter, Store, StoreError, time};

/// A backup in the local folder, by its file's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupRow {
    pub name: String,
    pub folder: String,
    pub made_at: DateTime<Utc>,
    /// Of the file.
    pub bytes: u64,
    /// Of the file, in hex.
    pub sha256: String,
    /// By rotation.
    pub removed_at: Option<DateTime<Utc>>,
    /// When it was last unpacked and found whole.
    pub verified_at: Option<DateTime<Utc>>,
}

/// Where backups go besides the local folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CopyTarget {
    B2,
    S3,
    Mail,
}

impl CopyTarget {
    pub const ALL: [Self; 3] = [Self::B2, Self::S3, Self::Mail];

    pub fn name(self) -> &'static str {
        match self {
            Self::B2 => "b2",
            Self::S3 => "s3",
            Self::Mail => "mail",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyOutcome {
    Sent,
    /// Too large for a mail, which says where the backup is.
    Announced,
    Failed,
}

impl CopyOutcome {
    const ALL: [Self; 3] = [Self::Sent, Self::Announced, Self::Failed];

    pub fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Announced => "announced",
            Self::Failed => "failed",
        }
    }
}

/// What became of sending a backup to one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupCopy {
    pub backup: String,
    pub target: CopyTarget,
    pub outcome: CopyOutcome,
    /// Why it failed.
    pub finding: String,
    pub at: DateTime<Utc>,
}

impl Store {
    /// Keeps what is known of a backup, in the place of what was known.
    pub fn keep_backup(&mut self, backup: &BackupRow) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO backups (name, folder, made_at, bytes, sha256, verified_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO UPDATE SET
                     folder = excluded.folder, made_at = excluded.made_at,
                     bytes = excluded.bytes, sha256 = excluded.sha256,
                     removed_at = NULL, verified_at = excluded.verified_at",
                (
                    &backup.name,
                    &backup.folder,
                    time::to_text(backup.made_at),
                    backup.bytes.cast_signed(),
                    &backup.sha256,
                    backup.verified_at.map(time::to_text),
                ),
            )?;
            Ok(())
        })
    }

    pub fn backup_removed(&mut self, name: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "UPDATE backups SET removed_at = ?2 WHERE name = ?1",
                (name, time::to_text(now)),
            )?;
            Ok(())
        })
    }

    pub fn keep_backup_copy(&mut self, copy: &BackupCopy) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO backup_copies (backup, target, outcome, finding, at)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET
                     outcome = excluded.outcome, finding = excluded.finding, at = excluded.at",
                (
                    &copy.backup,
                    copy.target.name(),
                    copy.outcome.name(),
                    &copy.finding,
                    time::to_text(copy.at),
                ),
            )?;
            Ok(())
        })
    }

    /// The newest of this number, newest first, also those that were removed since.
    pub fn last_backups(&self, count: u32) -> Result<Vec<BackupRow>, StoreError> {
        self.select_backups("1 ORDER BY made_at DESC LIMIT ?1", [count])
    }

    /// Backups by the time they were made, also those that were removed since.
    pub fn find_backups(&self, filter: &Filter) -> Result<Vec<BackupRow>, StoreError> {
        let (condition, values) = filter.condition(Columns {
            time: "made_at",
            order: "made_at DESC",
            ..Columns::default()
        });
        self.select_backups(&condition, rusqlite::params_from_iter(values))
    }

    /// `None`: it is not known.
    pub fn backup(&self, name: &str) -> Result<Option<BackupRow>, StoreError> {
        Ok(self.select_backups("name = ?1", [name])?.pop())
    }

    fn select_backups(
        &self,
        condition: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<BackupRow>, StoreError> {
        let mut query = self.db.prepare_cached(&format!(
            "SELECT name, folder, made_at, bytes, sha256, removed_at, verified_at FROM backups
             WHERE {condition}"
        ))?;
        let mut rows = query.query(values)?;
        let mut backups = Vec::new();
        while let Some(row) = rows.next()? {
            backups.push(backup(row)?);
        }
        Ok(backups)
    }

    /// What became of sending this backup, by target.
    pub fn backup_copies(&self, backup: &str) -> Result<Vec<BackupCopy>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT target, outcome, finding, at
             FROM backup_copies WHERE backup = ?1 ORDER BY target",
        )?;
        let mut rows = query.query([backup])?;
        let mut copies = Vec::new();
        while let Some(row) = rows.next()? {
            copies.push(copy(backup, row)?);
        }
        Ok(copies)
    }
}

fn backup(row: &Row) -> Result<BackupRow, StoreError> {
    let moment = |text: Option<String>| match text {
        None => Ok(None),
        Some(text) => match time::from_text(&text) {
            Some(time) => Ok(Some(time)),
            None => Err(damaged("backups", format!("`{text}` is no time"))),
        },
    };
    Ok(BackupRow {
        name: row.get(0)?,
        folder: row.get(1)?,
        made_at: moment(row.get(2)?)?
            .ok_or_else(|| damaged("backups", "it has no time".to_owned()))?,
        bytes: row.get::<_, i64>(3)?.cast_unsigned(),
        sha256: row.get(4)?,
        removed_at: moment(row.get(5)?)?,
        verified_at: moment(row.get(6)?)?,
    })
}

fn copy(backup: &str, row: &Row) -> Result<BackupCopy, StoreError> {
    let (target, outcome, at): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(3)?);
    let unknown = |text: &str| damaged("backup_copies", format!("`{text}` is unknown"));
    Ok(BackupCopy {
        backup: backup.to_owned(),
        target: CopyTarget::ALL
            .into_iter()
            .find(|one| one.name() == target)
            .ok_or_else(|| unknown(&target))?,
        outcome: CopyOutcome::ALL
            .into_iter()
            .find(|one| one.name() == outcome)
            .ok_or_else(|| unknown(&outcome))?,
        finding: row.get(2)?,
        at: time::from_text(&at).ok_or_else(|| unknown(&at))?,
    })
}

/// These tables have no numbers.
fn damaged(table: &'static str, finding: String) -> StoreError {
    StoreError::Row {
        table,
        id: 0,
        finding,
    }
}
