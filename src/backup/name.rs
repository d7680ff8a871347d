//! How a backup's file is called: `db_dump_2026-11-26_003000.sqlite.zst`, with `.age` if it is
//! encrypted.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};

const PREFIX: &str = "db_dump_";
const TIME: &str = "%Y-%m-%d_%H%M%S";
const SUFFIX: &str = ".sqlite.zst";
const ENCRYPTED: &str = ".age";
/// What the file with the sum has besides.
const SUM: &str = ".sha256";

/// A name tells when the backup was made, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BackupName {
    made_at: DateTime<Utc>,
    is_encrypted: bool,
}

impl BackupName {
    /// Of a backup that is made now, not encrypted.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self {
            made_at: now.trunc_subsecs(0),
            is_encrypted: false,
        }
    }

    pub fn made_at(self) -> DateTime<Utc> {
        self.made_at
    }

    pub fn is_encrypted(self) -> bool {
        self.is_encrypted
    }

    /// The same backup, encrypted.
    #[must_use]
    pub fn encrypted(self) -> Self {
        Self {
            is_encrypted: true,
            ..self
        }
    }

    /// The same backup as it is kept locally.
    #[must_use]
    pub fn plain(self) -> Self {
        Self {
            is_encrypted: false,
            ..self
        }
    }

    /// Of the file that holds its sum.
    pub fn sum_file(self) -> String {
        format!("{self}{SUM}")
    }

    /// The backup whose sum is in a file of this name.
    pub fn of_sum_file(name: &str) -> Option<Self> {
        name.strip_suffix(SUM)?.parse().ok()
    }

    /// What all names begin with.
    pub(super) fn prefix() -> &'static str {
        PREFIX
    }
}

impl fmt::Display for BackupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.made_at.format(TIME);
        let encrypted = if self.is_encrypted { ENCRYPTED } else { "" };
        write!(f, "{PREFIX}{time}{SUFFIX}{encrypted}")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a backup is called like `db_dump_2026-11-26_003000.sqlite.zst`")]
pub struct NoBackupName;

impl FromStr for BackupName {
    type Err = NoBackupName;

    fn from_str(text: &str) -> Result<Self, NoBackupName> {
        let (rest, is_encrypted) = match text.strip_suffix(ENCRYPTED) {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let time = rest
            .strip_prefix(PREFIX)
            .and_then(|t| t.strip_suffix(SUFFIX));
        let time = NaiveDateTime::parse_from_str(time.ok_or(NoBackupName)?, TIME);
        let name = Self {
            made_at: time.map_err(|_| NoBackupName)?.and_utc(),
            is_encrypted,
        };
        // only one spelling of each name
        match name.to_string() == text {
            true => Ok(name),
            false => Err(NoBackupName),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_tells_when_the_backup_was_made() {
        let name: BackupName = "db_dump_2026-11-26_003000.sqlite.zst".parse().expect("one");
        assert_eq!(name.made_at().to_rfc3339(), "2026-11-26T00:30:00+00:00");
        assert_eq!(name.encrypted().to_string(), format!("{name}.age"));
        assert_eq!(BackupName::of_sum_file(&name.sum_file()), Some(name));
        assert_eq!(name.encrypted().plain(), name);
    }

    #[test]
    fn other_files_are_none() {
        for text in [
            "",
            "db_dump_.sqlite.zst",
            "db_dump_2026-13-26_003000.sqlite.zst",
            "db_dump_2026-1-26_003000.sqlite.zst",
            "db_dump_2026-11-26_003000.sqlite",
            "db_dump_2026-11-26_003000.sqlite.zst.age.age",
            ".db_dump_2026-11-26_003000.sqlite.zst.partial",
            "../db_dump_2026-11-26_003000.sqlite.zst",
        ] {
            assert_eq!(text.parse::<BackupName>(), Err(NoBackupName), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_name_is_read_back(seconds in 0_i64..200_000_000_000, is_encrypted: bool) {
            let made_at = DateTime::from_timestamp(seconds, 0).expect("a time");
            let name = BackupName { made_at, is_encrypted };
            prop_assert_eq!(name.to_string().parse(), Ok(name));
        }
    }
}
