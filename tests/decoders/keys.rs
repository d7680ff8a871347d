//! Key files, in every form that is opened within a fraction of a second.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use horde_validator::keys::keyfile::{KeyfileError, LoadedKey, decode};
use horde_validator::keys::verify;

use super::{assert_line, vectors};

const PASSWORD: &str = "correct horse battery";
/// Opening these takes half a gigabyte, or ten million rounds.
const SLOW: [&[u8]; 2] = [b"$NACL", b"gAAAAA"];

pub(super) fn keyfile(input: &[u8]) {
    let is_slow = SLOW.iter().any(|mark| input.starts_with(mark));
    let password = (!is_slow).then_some(PASSWORD);
    match decode(input, password) {
        Ok(LoadedKey::Signing(keypair)) => {
            let signature = keypair.sign(b"message");
            assert!(verify(&keypair.hotkey(), b"message", &signature));
        }
        Ok(LoadedKey::PublicOnly(hotkey)) => {
            assert_eq!(hotkey.to_string().parse(), Ok(hotkey));
        }
        Err(error) => {
            assert_line(&error.to_string());
            assert_eq!(
                error == KeyfileError::PasswordNeeded,
                is_slow && input.len() <= 64 * 1024
            );
        }
    }
}

pub(super) fn keyfile_seeds() -> Vec<Vec<u8>> {
    vectors::seeds(vectors::WALLET_KEYFILES, |case| {
        match case["content"].as_str() {
            Some(text) => Some(text.as_bytes().to_vec()),
            None => STANDARD.decode(case["content_base64"].as_str()?).ok(),
        }
    })
}
