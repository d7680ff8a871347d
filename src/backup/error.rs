//! What can go wrong with backups, and what the operator can do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::line::one_line;
use crate::objects::ObjectsError;
use crate::pass::LockError;
use crate::settings::SettingsError;
use crate::store::StoreError;

/// In characters; libraries have texts of several lines.
const LONGEST_FINDING: usize = 300;

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("cannot {action} `{}`", path.display())]
    File {
        /// As a verb: "write".
        action: &'static str,
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("no room left to write `{}`", .0.display())]
    Full(PathBuf),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    #[error("`{name}` is damaged: {finding}")]
    Damaged { name: String, finding: String },
    #[error("`{name}` has no sum beside it: there is no `{name}.sha256`")]
    NoSum { name: String },
    #[error("`{name}` is encrypted, and no identity was given")]
    Encrypted { name: String },
    #[error("`{name}` is encrypted for others than this identity")]
    OtherRecipient { name: String },
    #[error("`{}` holds no age identity that can be used: {finding}", path.display())]
    Identity { path: PathBuf, finding: String },
    #[error("there is no backup in {place}")]
    Nothing { place: String },
    #[error("there is no backup `{name}` in {place}")]
    Unknown { name: String, place: String },
    #[error("no {setting} is set, so there are no backups there")]
    NotSet { setting: &'static str },
    #[error("it belongs to the chain with genesis {found}, the present database to {present}")]
    OtherChain { found: String, present: String },
    #[error("it belongs to the validator {found}, this one is {present}")]
    OtherValidator { found: String, present: String },
    #[error("the database is in use: a pass is running")]
    InUse,
    #[error("another backup is being restored or verified")]
    Restoring,
    #[error("the backup is kept here, but not everywhere: {}", failed.join("; "))]
    Offsite {
        /// One line for each target that failed.
        failed: Vec<String>,
        /// Whether all of them may take the next one.
        is_passing: bool,
        /// Whether the settings of one are incomplete.
        is_misconfigured: bool,
    },
    #[error("`{}` is kept, but old backups were not removed: {finding}", name)]
    Rotation { name: String, finding: String },
    #[error("ended early by a signal")]
    Stopped,
}

impl BackupError {
    /// Whether the next pass may do better without any change on this side.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Objects(error) => error.is_passing(),
            Self::Offsite {
                is_passing,
                is_misconfigured,
                ..
            } => *is_passing && !is_misconfigured,
            Self::Store(error) => matches!(error, StoreError::Busy | StoreError::Restoring),
            Self::InUse | Self::Restoring | Self::Stopped => true,
            _ => false,
        }
    }

    /// Whether a person has asked for something that cannot be.
    pub fn is_misuse(&self) -> bool {
        matches!(
            self,
            Self::Settings(_)
                | Self::Offsite {
                    is_misconfigured: true,
                    ..
                }
                | Self::Nothing { .. }
                | Self::Unknown { .. }
                | Self::NotSet { .. }
                | Self::Encrypted { .. }
                | Self::OtherRecipient { .. }
                | Self::Identity { .. }
                | Self::OtherChain { .. }
                | Self::OtherValidator { .. }
        )
    }

    /// What to do next, where one thing is obvious.
    pub fn advice(&self) -> Option<&'static str> {
        let advice = match self {
            Self::Full(_) => "free some room; no backup was removed",
            Self::Objects(error) => return error.advice(),
            Self::Damaged { .. } | Self::NoSum { .. } => {
                "take another one; `horde list-backups` shows all"
            }
            Self::Encrypted { .. } => "give the file with the age identity: --identity FILE",
            Self::OtherRecipient { .. } => {
                "give the identity that belongs to a key of BACKUP_AGE_RECIPIENTS"
            }
            Self::Identity { .. } => {
                "it should hold a line AGE-SECRET-KEY-1...; if it is locked, open it with `age -d`"
            }
            Self::Nothing { .. } | Self::Unknown { .. } => {
                "`horde list-backups` shows all there are; --from names the place"
            }
            Self::NotSet { .. } | Self::Settings(_) => {
                "`horde config` shows every setting and where it comes from"
            }
            Self::OtherChain { .. } | Self::OtherValidator { .. } => {
                "take a backup of this validator, or point HORDE_DB at an empty place"
            }
            Self::InUse => "stop the timers and the relay first: systemctl stop horde.target",
            Self::Offsite { .. } => "`horde list-backups` shows where the newest one is",
            Self::Store(_)
            | Self::Lock(_)
            | Self::File { .. }
            | Self::Restoring
            | Self::Rotation { .. }
            | Self::Stopped => return None,
        };
        Some(advice)
    }

    pub(super) fn file(action: &'static str, path: &Path, cause: io::Error) -> Self {
        match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Full(path.to_owned())
            }
            _ => Self::File {
                action,
                path: path.to_owned(),
                cause,
            },
        }
    }

    pub(super) fn damaged(name: impl Into<String>, finding: impl AsRef<str>) -> Self {
        Self::Damaged {
            name: name.into(),
            finding: one_line(finding.as_ref(), LONGEST_FINDING),
        }
    }
}
