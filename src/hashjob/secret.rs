//! What passwords unlock: the key of the next part, and the answer of the whole job.
//! Fernet is the published format of that name (vectors: hashcat_job, `key_and_answer`, `fernet`).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use fernet::Fernet;
use sha2::{Digest, Sha256};

/// Later than any time in a token, so that none is refused as coming from the future.
const END_OF_TIME: u64 = 1 << 62;

/// A token that does not open with this secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not encrypted with this secret")]
pub struct WrongSecret;

/// URL-safe base 64, with padding, of the SHA-256 of a text.
pub fn digest_text(text: &[u8]) -> String {
    URL_SAFE.encode(Sha256::digest(text))
}

/// What unlocks the part after the one with these passwords.
pub fn joined(passwords: &[String]) -> String {
    passwords.join("\n")
}

/// The answer of a job with these passwords, part by part.
pub fn answer(passwords: &[Vec<String>]) -> String {
    digest_text(passwords.concat().concat().as_bytes())
}

/// Encrypts with the key that is the digest of `secret`.
pub fn encrypt(secret: &str, text: &str) -> String {
    Fernet::new(&digest_text(secret.as_bytes()))
        .expect("a digest is a key")
        .encrypt_at_time(text.as_bytes(), 0)
}

/// # Errors
/// When the token was made with another secret, is damaged, or is no text inside.
pub fn decrypt(secret: &str, token: &str) -> Result<String, WrongSecret> {
    open(&digest_text(secret.as_bytes()), token)
}

/// Opens a token with a key, whatever the time that the token names.
///
/// # Errors
/// As for [`decrypt`]; also when the key is not 32 bytes in URL-safe base 64.
pub fn open(key: &str, token: &str) -> Result<String, WrongSecret> {
    let fernet = Fernet::new(key).ok_or(WrongSecret)?;
    let plain = fernet
        .decrypt_at_time(token, None, END_OF_TIME)
        .map_err(|_| WrongSecret)?;
    String::from_utf8(plain).map_err(|_| WrongSecret)
}
