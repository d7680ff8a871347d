//! The three encrypted forms of a key file and how a password opens them.
//! Parameters (salts, rounds, memory) are fixed by the wallet that wrote the file.

use std::num::NonZeroU32;

use aes::cipher::{KeyIvInit, StreamCipher};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use crypto_secretbox::aead::Aead;
use crypto_secretbox::{KeyInit, Nonce, XSalsa20Poly1305};
use fernet::Fernet;
use ring::hmac;
use ring::pbkdf2::{self, PBKDF2_HMAC_SHA256};
use zeroize::Zeroizing;

use super::KeyfileError;

/// What opening an encrypted file takes at most: the form with NaCl demands it.
pub const MOST_MEMORY_MIB: u32 = 512;
const NACL: &[u8] = b"$NACL";
const VAULT: &[u8] = b"$ANSIBLE_VAULT";
const FERNET: &[u8] = b"gAAAAA";
const VAULT_ROUNDS: NonZeroU32 = NonZeroU32::new(10_000).expect("not zero");
const FERNET_ROUNDS: NonZeroU32 = NonZeroU32::new(10_000_000).expect("not zero");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Nacl,
    AnsibleVault,
    LegacyFernet,
}

type Opened = Result<Zeroizing<Vec<u8>>, KeyfileError>;

impl Form {
    pub(super) fn of(content: &[u8]) -> Option<Self> {
        [
            (NACL, Self::Nacl),
            (VAULT, Self::AnsibleVault),
            (FERNET, Self::LegacyFernet),
        ]
        .into_iter()
        .find_map(|(mark, form)| content.starts_with(mark).then_some(form))
    }

    pub(super) fn open(self, content: &[u8], password: &str) -> Opened {
        let opened = match self {
            Self::Nacl => open_nacl(content, password),
            Self::AnsibleVault => open_vault(content, password),
            Self::LegacyFernet => open_fernet(content, password),
        };
        opened.ok_or(KeyfileError::Undecryptable)
    }
}

fn open_nacl(content: &[u8], password: &str) -> Option<Zeroizing<Vec<u8>>> {
    const SALT: [u8; 16] = [
        0x13, 0x71, 0x83, 0xdf, 0xf1, 0x5a, 0x09, 0xbc, 0x9c, 0x90, 0xb5, 0x51, 0x87, 0x39, 0xe9,
        0xb1,
    ];
    let (nonce, sealed) = content.strip_prefix(NACL)?.split_at_checked(24)?;
    let params = Params::new(MOST_MEMORY_MIB * 1024, 8, 1, Some(32)).ok()?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2i, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), &SALT, &mut *key)
        .ok()?;
    let secretbox = XSalsa20Poly1305::new(key.as_slice().into());
    secretbox
        .decrypt(Nonce::from_slice(nonce), sealed)
        .ok()
        .map(Zeroizing::new)
}

/// Hexadecimal of three lines, each hexadecimal again: salt, authenticator, ciphertext.
fn open_vault(content: &[u8], password: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut lines = std::str::from_utf8(content).ok()?.lines();
    if lines.next()?.trim_ascii() != "$ANSIBLE_VAULT;1.1;AES256" {
        return None;
    }
    let body = hex::decode(lines.map(str::trim_ascii).collect::<String>()).ok()?;
    let mut parts = body
        .split(|byte| *byte == b'\n')
        .map(|part| hex::decode(part).ok());
    let (salt, authenticator, mut sealed) = (parts.next()??, parts.next()??, parts.next()??);

    let mut keys = Zeroizing::new([0; 80]);
    pbkdf2::derive(
        PBKDF2_HMAC_SHA256,
        VAULT_ROUNDS,
        &salt,
        password.as_bytes(),
        &mut *keys,
    );
    let (cipher_key, rest) = keys.split_at(32);
    let (authentication_key, counter) = rest.split_at(32);
    let authentication_key = hmac::Key::new(hmac::HMAC_SHA256, authentication_key);
    hmac::verify(&authentication_key, &sealed, &authenticator).ok()?;

    ctr::Ctr128BE::<aes::Aes256>::new_from_slices(cipher_key, counter)
        .ok()?
        .apply_keystream(&mut sealed);
    let mut opened = Zeroizing::new(sealed);
    let padding = usize::from(*opened.last()?);
    let length = opened.len().checked_sub(padding)?;
    if !(1..=16).contains(&padding) || opened[length..].iter().any(|b| usize::from(*b) != padding) {
        return None;
    }
    opened.truncate(length);
    Some(opened)
}

fn open_fernet(content: &[u8], password: &str) -> Option<Zeroizing<Vec<u8>>> {
    const SALT: &[u8] = b"Iguesscyborgslikemyselfhaveatendencytobeparanoidaboutourorigins";
    let mut key = Zeroizing::new([0; 32]);
    pbkdf2::derive(
        PBKDF2_HMAC_SHA256,
        FERNET_ROUNDS,
        SALT,
        password.as_bytes(),
        &mut *key,
    );
    let key = Zeroizing::new(URL_SAFE.encode(key.as_slice()));
    let token = std::str::from_utf8(content).ok()?.trim_ascii();
    Fernet::new(&key)?.decrypt(token).ok().map(Zeroizing::new)
}
