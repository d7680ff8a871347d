//! A key file of the Bittensor wallet, from bytes to a key. Reads no file and no environment.
//! The forms are those that the wallet writes today and wrote in earlier years.

mod encrypted;
mod password;
mod plain;

use zeroize::Zeroizing;

use super::{Hotkey, KeyError, Keypair};

pub use encrypted::MOST_MEMORY_MIB;
pub use password::{password_from, password_variable};

/// A file of the wallet has less than 2 KiB; a larger one is not a key.
const LARGEST_FILE: usize = 64 * 1024;

/// What a key file holds.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a pass loads one key")]
pub enum LoadedKey {
    Signing(Keypair),
    /// Only the public half is there, as in `coldkeypub.txt`.
    PublicOnly(Hotkey),
}

impl LoadedKey {
    pub fn hotkey(&self) -> Hotkey {
        match self {
            Self::Signing(keypair) => keypair.hotkey(),
            Self::PublicOnly(hotkey) => *hotkey,
        }
    }
}

/// Never holds a part of the file: such a text could be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyfileError {
    #[error("larger than any key file")]
    TooLarge,
    #[error("encrypted, and no password was given")]
    PasswordNeeded,
    #[error("the password is wrong or the file is damaged")]
    Undecryptable,
    #[error("neither a JSON object nor a public key with 0x")]
    UnknownForm,
    #[error("no secretSeed, secretPhrase, privateKey or ss58Address")]
    NothingUsable,
    #[error("`{entry}` does not hold a key")]
    Malformed { entry: &'static str },
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Reads the content of a key file.
///
/// An encrypted file costs what its form demands: NaCl [`MOST_MEMORY_MIB`] and about a second,
/// the oldest form ten million rounds of PBKDF2.
///
/// # Errors
/// When the content is in none of the known forms, broken, or not opened by `password`.
pub fn decode(content: &[u8], password: Option<&str>) -> Result<LoadedKey, KeyfileError> {
    if content.len() > LARGEST_FILE {
        return Err(KeyfileError::TooLarge);
    }
    let Some(form) = encrypted::Form::of(content) else {
        return plain::decode(content);
    };
    let password = password.ok_or(KeyfileError::PasswordNeeded)?;
    let opened: Zeroizing<Vec<u8>> = form.open(content, password)?;
    plain::decode(&opened)
}
