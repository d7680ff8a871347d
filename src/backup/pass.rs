//! `backup-db`: a new local backup, then rotation, then copies elsewhere. What fails later undoes
//! nothing of what was done before, and each target fails for itself alone.

use chrono::{DateTime, Utc};
use indicatif::HumanBytes;
use serde_json::json;
use tracing::{error, info};

use super::folder::Folder;
use super::make::{Made, Watch, make};
use super::pack::encrypt;
use super::retention::expired;
use super::target::{Parcel, Target};
use super::{BackupError, BackupName};
use crate::failpoint;
use crate::pass::{self, Failure, Frame, Outcome, Pass};
use crate::store::{BackupCopy, BackupRow, CopyOutcome, CopyTarget};

#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Send nothing anywhere.
    pub local_only: bool,
}

/// One pass of `backup-db`.
///
/// # Errors
/// No backup could be made, or it is not everywhere it should be.
pub async fn run(frame: &Frame, options: Options) -> Result<Outcome, Failure> {
    pass::run("backup-db", frame, async |pass| {
        let watch = Watch {
            progress: pass.progress.clone(),
            stop: pass.stop.clone(),
        };
        let folder = Folder::at(pass.environment.backup_directory());
        let made = make_one(pass, &folder, &watch).await?;
        let rotated = rotate(pass, &folder, made.name);
        let copies = match options.local_only {
            true => Copies::default(),
            false => send_all(pass, &folder, &made, &watch).await?,
        };
        let removed = rotated.map_err(|error| BackupError::Rotation {
            name: made.name.to_string(),
            finding: error.to_string(),
        });
        copies.failure()?;
        Ok(outcome(&folder, &made, &removed?, &copies))
    })
    .await
}

async fn make_one(pass: &mut Pass, folder: &Folder, watch: &Watch) -> Result<Made, Failure> {
    let made = {
        let (database, now) = (pass.store.path().to_owned(), pass.now());
        let (folder, watch) = (folder.clone(), watch.clone());
        blocking(move || make(&database, &folder, now, &watch)).await?
    };
    info!(name = %made.name, bytes = made.sum.bytes, "placed, read back and checked");
    pass.store.keep_backup(&BackupRow {
        name: made.name.to_string(),
        folder: folder.path().display().to_string(),
        made_at: made.name.made_at(),
        bytes: made.sum.bytes,
        sha256: made.sum.sha256.clone(),
        removed_at: None,
        verified_at: Some(pass.now()),
    })?;
    Ok(made)
}

/// Work for a thread that may wait for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Removes what no rule keeps, and never the one that was just made.
fn rotate(
    pass: &mut Pass,
    folder: &Folder,
    made: BackupName,
) -> Result<Vec<BackupName>, BackupError> {
    let mut there: Vec<BackupName> = folder.backups()?.iter().map(|one| one.name).collect();
    there.retain(|name| !name.is_encrypted());
    let now = pass.now().max(made.made_at());
    let mut old = expired(&there, &pass.environment.retention(), now);
    old.retain(|name| *name != made);
    // the oldest goes first
    for name in old.iter().rev() {
        folder.remove(*name)?;
        pass.store.backup_removed(&name.to_string(), now)?;
    }
    Ok(old)
}

/// What became of the copies.
#[derive(Debug, Default)]
struct Copies {
    rows: Vec<BackupCopy>,
    /// Of those that failed: may the next pass do better?
    are_passing: Vec<bool>,
    is_misconfigured: bool,
}

impl Copies {
    fn failure(&self) -> Result<(), BackupError> {
        let failed: Vec<String> = self
            .rows
            .iter()
            .filter(|copy| copy.outcome == CopyOutcome::Failed)
            .map(|copy| format!("{}: {}", copy.target.name(), copy.finding))
            .collect();
        match failed.is_empty() {
            true => Ok(()),
            false => Err(BackupError::Offsite {
                failed,
                is_passing: self.are_passing.iter().all(|is_passing| *is_passing),
                is_misconfigured: self.is_misconfigured,
            }),
        }
    }
}

/// Sends the backup to each target that is set, one after the other.
async fn send_all(
    pass: &mut Pass,
    folder: &Folder,
    made: &Made,
    watch: &Watch,
) -> Result<Copies, Failure> {
    let mut copies = Copies::default();
    let mut targets = Vec::new();
    for kind in CopyTarget::ALL {
        match Target::of(&pass.environment, kind) {
            Ok(target) => targets.extend(target.map(|target| (kind, target))),
            Err(error) => {
                copies.is_misconfigured = true;
                copies.are_passing.push(false);
                let row = copy(
                    made,
                    kind,
                    CopyOutcome::Failed,
                    error.to_string(),
                    pass.now(),
                );
                keep(pass, &mut copies, row)?;
            }
        }
    }
    if targets.is_empty() {
        return Ok(copies);
    }
    let (mut parcel, _encrypted) = wrap(pass, folder, made, watch).await?;
    for (kind, target) in targets {
        failpoint::hit("before sending");
        let sent = target.send(&parcel, watch, pass.now()).await;
        failpoint::hit("after sending");
        let (outcome, finding) = match sent {
            Ok(outcome) => {
                parcel.places.push(target.place());
                (outcome, String::new())
            }
            Err(error) => {
                error!(target = kind.name(), %error, "the backup was not sent");
                copies.are_passing.push(error.is_passing());
                (CopyOutcome::Failed, error.with_causes())
            }
        };
        let row = copy(made, kind, outcome, finding, pass.now());
        keep(pass, &mut copies, row)?;
    }
    Ok(copies)
}

/// What is sent: the backup as it is, or encrypted beside it. The second value holds the encrypted
/// file for as long as it is needed.
async fn wrap(
    pass: &Pass,
    folder: &Folder,
    made: &Made,
    watch: &Watch,
) -> Result<(Parcel, Option<super::folder::Partial>), BackupError> {
    let place = format!("{}, on the validator", folder.path().display());
    let mut parcel = Parcel {
        name: made.name,
        file: folder.file(made.name),
        sum: made.sum.clone(),
        places: vec![place],
    };
    let recipients = pass.environment.age_recipients();
    if recipients.is_empty() {
        return Ok((parcel, None));
    }
    let encrypted = folder.partial(made.name, "age");
    let meter = watch.meter("encrypting", made.sum.bytes);
    let (from, to) = (parcel.file.clone(), encrypted.path().to_owned());
    parcel.sum = blocking(move || encrypt(&from, &to, &recipients, &meter)).await?;
    parcel.name = made.name.encrypted();
    parcel.file = encrypted.path().to_owned();
    Ok((parcel, Some(encrypted)))
}

fn copy(
    made: &Made,
    target: CopyTarget,
    outcome: CopyOutcome,
    finding: String,
    at: DateTime<Utc>,
) -> BackupCopy {
    BackupCopy {
        backup: made.name.to_string(),
        target,
        outcome,
        finding,
        at,
    }
}

fn keep(pass: &mut Pass, copies: &mut Copies, row: BackupCopy) -> Result<(), Failure> {
    pass.store.keep_backup_copy(&row)?;
    copies.rows.push(row);
    Ok(())
}

fn outcome(folder: &Folder, made: &Made, removed: &[BackupName], copies: &Copies) -> Outcome {
    let mut said = vec![format!(
        "{} ({}) is in {}",
        made.name,
        HumanBytes(made.sum.bytes),
        folder.path().display()
    )];
    let names = |outcome| {
        let rows = copies
            .rows
            .iter()
            .filter(move |copy| copy.outcome == outcome);
        rows.map(|copy| copy.target.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    match names(CopyOutcome::Sent) {
        sent if sent.is_empty() => (),
        sent => said.push(format!("sent to {sent}")),
    }
    if !names(CopyOutcome::Announced).is_empty() {
        said.push("too large for a mail, which says so".to_owned());
    }
    if !removed.is_empty() {
        said.push(format!("removed {} old", removed.len()));
    }
    Outcome::done(said.join("; ")).with_details(json!({
        "backup": {
            "name": made.name.to_string(),
            "path": folder.file(made.name),
            "bytes": made.sum.bytes,
            "sha256": made.sum.sha256,
        },
        "copies": copies.rows.iter().map(|copy| json!({
            "target": copy.target.name(),
            "outcome": copy.outcome.name(),
        })).collect::<Vec<_>>(),
        "removed": removed.iter().map(ToString::to_string).collect::<Vec<_>>(),
    }))
}
