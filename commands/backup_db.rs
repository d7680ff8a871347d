//! `horde backup-db`

use clap::Args;
use horde_validator::backup;
use horde_validator::pass::{Failure, Frame, Outcome};

use crate::signals;

/// Back up the database, here and where the settings say
///
/// Copies the database while passes go on writing, checks the copy, compresses it and puts it into
/// BACKUP_DIRECTORY with its SHA-256 beside it; then removes what BACKUP_LOCAL_ROTATE_KEEP_* do not
/// keep; then sends it to Backblaze B2, an S3 bucket and by mail, as far as they are set. If it
/// fails, no older backup is touched; if one target fails, the others get their copy all the same.
///
/// Example: horde backup-db --local-only
#[derive(Debug, Args)]
pub(crate) struct BackupDb {
    /// Send it nowhere
    #[arg(long)]
    local_only: bool,
}

impl BackupDb {
    pub(crate) fn run(&self, frame: &Frame) -> Result<Outcome, Failure> {
        let options = backup::Options {
            local_only: self.local_only,
        };
        signals::runtime().block_on(backup::run(frame, options))
    }
}
