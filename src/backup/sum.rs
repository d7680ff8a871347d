//! SHA-256 sums of backups, computed while bytes pass by, and the file beside a backup that holds
//! it, in the form that `sha256sum -c` reads.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{BackupError, BackupName};

/// Longest sum file that is read.
pub(super) const MOST_OF_SUM_FILE: u64 = 1024;

/// Passes on what is written or read, and sums it up.
pub(super) struct Summing<T> {
    inner: T,
    state: Sha256,
    bytes: u64,
}

impl<T> Summing<T> {
    pub(super) fn new(inner: T) -> Self {
        Self {
            inner,
            state: Sha256::new(),
            bytes: 0,
        }
    }

    /// What passed by.
    pub(super) fn finish(self) -> (T, Sum) {
        let sum = Sum {
            sha256: hex::encode(self.state.finalize()),
            bytes: self.bytes,
        };
        (self.inner, sum)
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.state.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl<T: Write> Write for Summing<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.pass(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Summing<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.pass(&bytes[..read]);
        Ok(read)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sum {
    /// In hex.
    pub(super) sha256: String,
    pub(super) bytes: u64,
}

/// The one line of a sum file.
pub(super) fn sum_line(sha256: &str, name: BackupName) -> String {
    format!("{sha256}  {name}\n")
}

/// The sum in a sum file; `None`: there is no such file.
pub(super) fn read_sum(path: &Path, name: BackupName) -> Result<Option<String>, BackupError> {
    let reading = |cause| BackupError::file("read", path, cause);
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(reading)?,
    };
    let mut line = Vec::new();
    file.take(MOST_OF_SUM_FILE)
        .read_to_end(&mut line)
        .map_err(reading)?;
    parse_sum_line(&String::from_utf8_lossy(&line), name).map(Some)
}

/// The sum in the one line of a sum file.
///
/// # Errors
/// It is no such line, or one of another file.
pub fn parse_sum_line(line: &str, name: BackupName) -> Result<String, BackupError> {
    let damaged = || BackupError::damaged(name.sum_file(), "it does not hold the sum of that file");
    let (sum, named) = line.trim_end().split_once("  ").ok_or_else(damaged)?;
    let is_sum = sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
    match is_sum && named == name.to_string() {
        true => Ok(sum.to_ascii_lowercase()),
        false => Err(damaged()),
    }
}
