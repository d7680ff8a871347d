//! From a database file to a backup file, and from that to an encrypted one.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use age::Encryptor;
use age::x25519::Recipient;
use zstd::Encoder;

use super::BackupError;
use super::meter::{Meter, PourError};
use super::sum::{Sum, Summing};
use crate::durable;

/// Fast, and small enough.
const LEVEL: i32 = 3;

/// Compresses a file into a new one, which is on disk when this returns.
pub(super) fn pack(from: &Path, to: &Path, meter: &Meter) -> Result<Sum, BackupError> {
    let reading = |cause| BackupError::file("read", from, cause);
    let writing = |cause| BackupError::file("write", to, cause);
    let source = File::open(from).map_err(reading)?;
    let bytes = source.metadata().map_err(reading)?.len();
    let target = Summing::new(durable::create_new(to).map_err(writing)?);
    let mut encoder = Encoder::new(target, LEVEL).map_err(writing)?;
    let prepared = encoder
        .include_checksum(true)
        .and_then(|()| encoder.include_contentsize(true))
        .and_then(|()| encoder.set_pledged_src_size(Some(bytes)));
    prepared.map_err(writing)?;
    poured(meter.pour(source, &mut encoder), from, to)?;
    finished(encoder.finish(), to)
}

/// Encrypts a file into a new one, which is on disk when this returns.
pub(super) fn encrypt(
    from: &Path,
    to: &Path,
    recipients: &[Recipient],
    meter: &Meter,
) -> Result<Sum, BackupError> {
    let writing = |cause| BackupError::file("write", to, cause);
    let source = File::open(from).map_err(|cause| BackupError::file("read", from, cause))?;
    let recipients = recipients.iter().map(|one| one as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(recipients)
        .map_err(|error| writing(std::io::Error::other(error)))?;
    let target = BufWriter::new(Summing::new(durable::create_new(to).map_err(writing)?));
    let mut encrypted = encryptor.wrap_output(target).map_err(writing)?;
    poured(meter.pour(source, &mut encrypted), from, to)?;
    let target = encrypted.finish().and_then(|target| {
        target
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)
    });
    finished(target, to)
}

fn poured(result: Result<(), PourError>, from: &Path, to: &Path) -> Result<(), BackupError> {
    result.map_err(|error| match error {
        PourError::From(cause) => BackupError::file("read", from, cause),
        PourError::To(cause) => BackupError::file("write", to, cause),
        PourError::Stopped => BackupError::Stopped,
    })
}

fn finished(target: std::io::Result<Summing<File>>, to: &Path) -> Result<Sum, BackupError> {
    let writing = |cause| BackupError::file("write", to, cause);
    let (mut file, sum) = target.map_err(writing)?.finish();
    file.flush()
        .and_then(|()| file.sync_all())
        .map_err(writing)?;
    Ok(sum)
}
