//! From a backup file to the database in it: its sum, its encryption and its compression, each
//! checked on the way. Also takes a database file as it is, such as one that was kept aside.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use age::{DecryptError, Decryptor, Identity};
use zstd::Decoder;

use super::BackupError;
use super::meter::{Meter, PourError};
use super::sum::Summing;

/// What the first bytes tell.
const AGE: &[u8] = b"age-encryption.org/v1\n";
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const SQLITE: &[u8] = b"SQLite format 3\0";
/// 8 MiB, as `zstd` itself has up to level 19: more memory than that is never taken.
const MOST_WINDOW_LOG: u32 = 23;
const BUFFER: usize = 64 * 1024;
/// An identity file is a few lines.
const MOST_OF_IDENTITY: u64 = 64 * 1024;

/// Writes the database in the backup `from` to `to` and syncs nothing. `name` is what the operator
/// is told of.
pub(super) fn unpack(
    from: &Path,
    name: &str,
    identities: &[Box<dyn Identity>],
    to: &mut impl Write,
    writing_to: &Path,
    meter: &Meter,
) -> Result<(), BackupError> {
    let file = File::open(from).map_err(|cause| BackupError::file("read", from, cause))?;
    let file = BufReader::with_capacity(BUFFER, file);
    let database = database_in(file, name, identities)?;
    meter.pour(database, to).map_err(|error| match error {
        PourError::From(error) => BackupError::damaged(name, error.to_string()),
        PourError::To(cause) => BackupError::file("write", writing_to, cause),
        PourError::Stopped => BackupError::Stopped,
    })
}

/// The database in the backup `file`, which is opened by one of these if it is encrypted. `name` is
/// what the operator is told of.
///
/// # Errors
/// It is no backup, or encrypted for others; damage further on shows when it is read.
pub fn database_in<'a>(
    mut file: impl BufRead + 'a,
    name: &str,
    identities: &[Box<dyn Identity>],
) -> Result<Box<dyn Read + 'a>, BackupError> {
    let damaged = |error: io::Error| BackupError::damaged(name, error.to_string());
    let is_encrypted = begins_with(&mut file, AGE).map_err(damaged)?;
    let mut plain: Box<dyn BufRead + 'a> = match is_encrypted {
        true => Box::new(BufReader::with_capacity(
            BUFFER,
            decrypted(file, name, identities)?,
        )),
        false => Box::new(file),
    };
    if begins_with(&mut plain, ZSTD).map_err(damaged)? {
        let mut decoder = Decoder::with_buffer(plain).map_err(damaged)?;
        decoder.window_log_max(MOST_WINDOW_LOG).map_err(damaged)?;
        Ok(Box::new(decoder))
    } else if begins_with(&mut plain, SQLITE).map_err(damaged)? {
        Ok(Box::new(plain))
    } else {
        Err(BackupError::damaged(name, "it is no backup"))
    }
}

/// Compares a file with the sum that it should have.
pub(super) fn check_sum(
    file: &Path,
    name: &str,
    sha256: &str,
    meter: &Meter,
) -> Result<(), BackupError> {
    let reading = |cause| BackupError::file("read", file, cause);
    let mut summing = Summing::new(File::open(file).map_err(reading)?);
    meter
        .pour(&mut summing, &mut io::sink())
        .map_err(|error| match error {
            PourError::From(cause) | PourError::To(cause) => reading(cause),
            PourError::Stopped => BackupError::Stopped,
        })?;
    let (_, sum) = summing.finish();
    match sum.sha256 == sha256 {
        true => Ok(()),
        false => Err(BackupError::damaged(
            name,
            format!("its SHA-256 is {}, not {sha256}", sum.sha256),
        )),
    }
}

/// The identities of a file as `age-keygen` writes it.
pub(super) fn identities(path: &Path) -> Result<Vec<Box<dyn Identity>>, BackupError> {
    let file = File::open(path).map_err(|cause| BackupError::file("read", path, cause))?;
    let refused = |finding: String| BackupError::Identity {
        path: path.to_owned(),
        finding,
    };
    let lines = BufReader::new(file.take(MOST_OF_IDENTITY));
    let identities = age::IdentityFile::from_buffer(lines)
        // the library's text may hold a part of the line
        .map_err(|_| refused("a line of it is none".to_owned()))?
        .into_identities()
        .map_err(|error| refused(error.to_string()))?;
    match identities.is_empty() {
        true => Err(refused("it is empty".to_owned())),
        false => Ok(identities),
    }
}

fn decrypted<File: BufRead>(
    file: File,
    name: &str,
    identities: &[Box<dyn Identity>],
) -> Result<impl Read + use<File>, BackupError> {
    let failed = |error: DecryptError| match error {
        DecryptError::NoMatchingKeys => BackupError::OtherRecipient {
            name: name.to_owned(),
        },
        other => BackupError::damaged(name, other.to_string()),
    };
    let decryptor = Decryptor::new_buffered(file).map_err(failed)?;
    if identities.is_empty() {
        return Err(BackupError::Encrypted {
            name: name.to_owned(),
        });
    }
    let identities = identities.iter().map(AsRef::as_ref);
    decryptor.decrypt(identities).map_err(failed)
}

/// Looks ahead and takes nothing.
fn begins_with(file: &mut impl BufRead, magic: &[u8]) -> io::Result<bool> {
    Ok(file.fill_buf()?.starts_with(magic))
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressBar;
    use tokio_util::sync::CancellationToken;

    use super::super::pack::{encrypt, pack};
    use super::*;

    fn meter() -> Meter {
        Meter::new(ProgressBar::hidden(), &CancellationToken::new())
    }

    struct Backup {
        folder: tempfile::TempDir,
        database: Vec<u8>,
    }

    impl Backup {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let mut database = SQLITE.to_vec();
            database.extend((0..300_000_u32).flat_map(|i| (i.wrapping_mul(i) >> 9).to_le_bytes()));
            std::fs::write(folder.path().join("db"), &database).expect("written");
            pack(
                &folder.path().join("db"),
                &folder.path().join("zst"),
                &meter(),
            )
            .expect("packed");
            Self { folder, database }
        }

        fn read(&self, name: &str) -> Vec<u8> {
            std::fs::read(self.folder.path().join(name)).expect("read")
        }

        fn unpacked(
            &self,
            file: &[u8],
            identities: &[Box<dyn Identity>],
        ) -> Result<Vec<u8>, BackupError> {
            let path = self.folder.path().join("candidate");
            std::fs::write(&path, file).expect("written");
            let mut unpacked = Vec::new();
            unpack(&path, "it", identities, &mut unpacked, &path, &meter())?;
            Ok(unpacked)
        }
    }

    #[test]
    fn what_was_packed_comes_back_also_encrypted_and_also_as_it_is() {
        let backup = Backup::new();
        assert_eq!(
            backup.unpacked(&backup.read("zst"), &[]).expect("whole"),
            backup.database
        );
        assert_eq!(
            backup.unpacked(&backup.database, &[]).expect("whole"),
            backup.database
        );
        let identity = age::x25519::Identity::generate();
        let path = |name| backup.folder.path().join(name);
        encrypt(
            &path("zst"),
            &path("age"),
            &[identity.to_public()],
            &meter(),
        )
        .expect("encrypted");
        let encrypted = backup.read("age");
        assert!(matches!(
            backup.unpacked(&encrypted, &[]),
            Err(BackupError::Encrypted { .. })
        ));
        let other: [Box<dyn Identity>; 1] = [Box::new(age::x25519::Identity::generate())];
        assert!(matches!(
            backup.unpacked(&encrypted, &other),
            Err(BackupError::OtherRecipient { .. })
        ));
        let own: [Box<dyn Identity>; 1] = [Box::new(identity)];
        assert_eq!(
            backup.unpacked(&encrypted, &own).expect("whole"),
            backup.database
        );
    }

    #[test]
    fn each_damage_is_found_without_any_sum() {
        let backup = Backup::new();
        let whole = backup.read("zst");
        // the header says how much memory is needed and is not under the checksum; past it, every
        // bit counts
        for nth in 0..200 {
            let mut damaged = whole.clone();
            let at = 16 + nth * (whole.len() - 16) / 200;
            damaged[at] ^= 1 << (nth % 8);
            assert!(
                backup.unpacked(&damaged, &[]).is_err(),
                "a flipped bit in byte {at} was not found"
            );
            let cut = nth * whole.len() / 200;
            assert!(backup.unpacked(&whole[..cut], &[]).is_err(), "cut to {cut}");
        }
        assert!(
            backup
                .unpacked(&[&whole[..], b"more"].concat(), &[])
                .is_err()
        );
        assert!(backup.unpacked(b"", &[]).is_err());
        assert!(backup.unpacked(b"PK\x03\x04", &[]).is_err());
    }

    #[test]
    fn an_identity_file_is_read_as_age_keygen_writes_it() {
        use age::secrecy::ExposeSecret;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.txt");
        let identity = age::x25519::Identity::generate();
        let text = format!(
            "# created: today\n{}\n",
            identity.to_string().expose_secret()
        );
        std::fs::write(&path, text).expect("written");
        assert_eq!(identities(&path).expect("one").len(), 1);
        for text in ["", "# nothing\n", "AGE-SECRET-KEY-1NONE\n", "\0\u{ff}"] {
            std::fs::write(&path, text).expect("written");
            assert!(
                matches!(identities(&path), Err(BackupError::Identity { .. })),
                "{text:?}"
            );
        }
    }
}
