//! Bytes on their way: counted on a bar, and ended when the pass is to end.

use std::io::{Read, Write};

use indicatif::ProgressBar;
use tokio_util::sync::CancellationToken;

use super::BackupError;

const PIECE: usize = 256 * 1024;

pub(super) struct Meter {
    bar: ProgressBar,
    stop: CancellationToken,
}

/// Which side failed.
pub(super) enum PourError {
    From(std::io::Error),
    To(std::io::Error),
    Stopped,
}

impl Meter {
    pub(super) fn new(bar: ProgressBar, stop: &CancellationToken) -> Self {
        Self {
            bar,
            stop: stop.clone(),
        }
    }

    pub(super) fn moved(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    pub(super) fn reached(&self, bytes: u64, of: u64) {
        self.bar.set_length(of);
        self.bar.set_position(bytes);
    }

    /// # Errors
    /// The pass is to end.
    pub(super) fn goes_on(&self) -> Result<(), BackupError> {
        match self.stop.is_cancelled() {
            true => Err(BackupError::Stopped),
            false => Ok(()),
        }
    }

    /// Moves everything; the bar counts what was read.
    pub(super) fn pour(&self, mut from: impl Read, to: &mut impl Write) -> Result<(), PourError> {
        let mut piece = vec![0; PIECE];
        loop {
            if self.stop.is_cancelled() {
                return Err(PourError::Stopped);
            }
            let read = match from.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(PourError::From(error)),
            };
            to.write_all(&piece[..read]).map_err(PourError::To)?;
            self.moved(read as u64);
        }
    }
}
