//! The mail that brings a backup, or says where it is when it is too large for a mail.

use std::path::Path;

use super::BackupError;
use super::target::{Parcel, SendError};
use crate::mail::{self, Attachment, Mail};
use crate::settings::MailAccess;
use crate::store::CopyOutcome;

pub(super) async fn send(access: &MailAccess, parcel: &Parcel) -> Result<CopyOutcome, SendError> {
    let Parcel { name, sum, .. } = parcel;
    let is_small = sum.bytes <= access.most_attached;
    let attachment = match is_small {
        false => None,
        true => Some(Attachment {
            name: name.to_string(),
            bytes: read(&parcel.file).await?,
        }),
    };
    let mail = Mail {
        subject: format!("Backup of {name}"),
        text: mail_text(parcel, attachment.is_some(), access.most_attached),
        attachment,
    };
    mail::send(access, mail).await?;
    Ok(match is_small {
        true => CopyOutcome::Sent,
        false => CopyOutcome::Announced,
    })
}

fn mail_text(parcel: &Parcel, is_attached: bool, most: u64) -> String {
    let Parcel {
        name, sum, places, ..
    } = parcel;
    let mebibytes = |bytes: u64| bytes as f64 / (1024.0 * 1024.0);
    let how = match is_attached {
        true => format!(
            "It is attached. To restore it, save it to a file, then: horde restore-db ./{name}{}",
            if name.is_encrypted() {
                " --identity FILE"
            } else {
                ""
            }
        ),
        false => format!(
            "It is too large for a mail (more than {:.0} MiB).",
            mebibytes(most)
        ),
    };
    format!(
        "Backup of the validator's database, made {}.\n\n{how}\n\nFile     {name}\nSize     {:.1} MiB\nSHA-256  {}\nKept in  {}\n",
        name.made_at().format("%Y-%m-%d %H:%M:%S UTC"),
        mebibytes(sum.bytes),
        sum.sha256,
        places.join("\n         "),
    )
}

/// It is small.
async fn read(file: &Path) -> Result<Vec<u8>, BackupError> {
    let read = tokio::fs::read(file).await;
    read.map_err(|cause| BackupError::file("read", file, cause))
}
