//! Backups: when, how large, and where they are.

use chrono::{DateTime, Utc};

use super::newest::{Newest, cut_text};
use crate::report::Span;
use crate::store::{BackupCopy, Store, StoreError};

/// Backups in the table.
const ROWS: usize = 20;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Backup {
    pub(in crate::report) name: String,
    pub(in crate::report) made_at: DateTime<Utc>,
    pub(in crate::report) bytes: u64,
    pub(in crate::report) folder: String,
    /// From that folder, by rotation.
    pub(in crate::report) removed_at: Option<DateTime<Utc>>,
    /// When it was last unpacked and found whole.
    pub(in crate::report) verified_at: Option<DateTime<Utc>>,
    pub(in crate::report) copies: Vec<Elsewhere>,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Elsewhere {
    /// `b2`, `s3` or `mail`.
    pub(in crate::report) target: &'static str,
    /// `sent`, `announced` (too large for a mail) or `failed`.
    pub(in crate::report) outcome: &'static str,
    /// Why it failed.
    pub(in crate::report) finding: String,
}

pub(super) fn read(store: &Store, span: Span) -> Result<Newest<Backup>, StoreError> {
    let mut backups = Vec::new();
    let rows = store.find_backups(&span.filter())?;
    for row in rows.iter().take(ROWS) {
        let copies = store.backup_copies(&row.name)?;
        let copy = |copy: &BackupCopy| Elsewhere {
            target: copy.target.name(),
            outcome: copy.outcome.name(),
            finding: cut_text(&copy.finding),
        };
        backups.push(Backup {
            name: row.name.clone(),
            made_at: row.made_at,
            bytes: row.bytes,
            folder: row.folder.clone(),
            removed_at: row.removed_at,
            verified_at: row.verified_at,
            copies: copies.iter().map(copy).collect(),
        });
    }
    let all = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    Ok(Newest::of(backups, all))
}
