//! `horde verify-backup` and `horde restore-db`

use std::path::PathBuf;

use clap::Args;
use horde_validator::backup::{self, Place, Verified, Wanted};
use horde_validator::pass::{Failure, Frame};
use indicatif::HumanBytes;
use serde_json::{Value, json};

use crate::{output, signals};

/// Which backup.
#[derive(Debug, Args)]
struct Choice {
    /// `latest`, the name of a backup, or the path of a file (with a `/`)
    #[arg(default_value = "latest", value_name = "BACKUP")]
    wanted: Wanted,

    /// Where to take it from: local, b2 or s3
    #[arg(long, value_name = "PLACE", default_value = "local")]
    from: Place,

    /// The file with the age identity, for an encrypted backup
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

/// Rehearse a restore: everything but the last step
///
/// Fetches the backup if it is elsewhere, checks its sum, decrypts, unpacks, and checks the
/// database in it, beside the present one, which is not touched. Needs room for the unpacked
/// database while it runs, and no database.
///
/// Example: horde verify-backup latest --from s3 --identity key.txt
#[derive(Debug, Args)]
pub(crate) struct VerifyBackup {
    #[command(flatten)]
    choice: Choice,
}

impl VerifyBackup {
    pub(crate) fn run(&self, frame: &Frame, json: bool) -> Result<(), Failure> {
        let choice = &self.choice;
        let verified = backup::verify(
            frame,
            &choice.wanted,
            choice.from,
            choice.identity.as_deref(),
        );
        let verified = signals::runtime().block_on(verified)?;
        if json {
            output::document(&json!({"outcome": "done", "backup": document(&verified)}));
        } else {
            output::line(format_args!("{} can be restored", described(&verified)));
        }
        Ok(())
    }
}

/// Put a backup in the place of the database
///
/// Does what verify-backup does, then keeps the present database, under a name with `.before-` and
/// the time, and puts the restored one in its place. Refused while a pass runs: stop the timers and
/// the relay first. Killed at any moment, it leaves the old database or the new one, whole. The
/// first set-weights after it compares the database with the chain before it writes.
///
/// Examples: horde restore-db
///           horde restore-db latest --from s3 --identity key.txt
///           horde restore-db ./horde.db.before-2026-11-26_101500
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RestoreDb {
    #[command(flatten)]
    choice: Choice,
}

impl RestoreDb {
    pub(crate) fn run(&self, frame: &Frame, json: bool) -> Result<(), Failure> {
        let choice = &self.choice;
        let replaced = backup::restore(
            frame,
            &choice.wanted,
            choice.from,
            choice.identity.as_deref(),
        );
        let replaced = signals::runtime().block_on(replaced)?;
        if json {
            output::document(&json!({
                "outcome": "done",
                "backup": document(&replaced.backup),
                "kept": replaced.kept,
            }));
            return Ok(());
        }
        output::line(format_args!("restored {}", described(&replaced.backup)));
        if let Some(kept) = replaced.kept {
            output::line(format_args!(
                "the database of before is kept as {}",
                kept.display()
            ));
        }
        output::line("start the timers and the relay again: systemctl start horde.target");
        Ok(())
    }
}

fn document(backup: &Verified) -> Value {
    json!({
        "name": backup.name,
        "made_at": backup.made_at,
        "database_bytes": backup.bytes,
        "version": backup.version,
    })
}

fn described(backup: &Verified) -> String {
    format!(
        "{} (a database of {}, version {})",
        output::plain(&backup.name),
        HumanBytes(backup.bytes),
        backup.version
    )
}
