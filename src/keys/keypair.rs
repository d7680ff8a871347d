//! The secret half of a hotkey: made from a seed, a phrase or an expanded key, and signs.
//! Cannot be printed; its memory is cleared when it is dropped.

use std::fmt;
use std::num::NonZeroU32;

use bip39::{Language, Mnemonic};
use ring::pbkdf2::{self, PBKDF2_HMAC_SHA512};
use schnorrkel::{ExpansionMode, MiniSecretKey, SecretKey};
use zeroize::Zeroizing;

use super::signature::CONTEXT;
use super::{Hotkey, Signature};

const PHRASE_ROUNDS: NonZeroU32 = NonZeroU32::new(2048).expect("not zero");

/// An sr25519 key that can sign.
#[derive(Clone)]
pub struct Keypair(schnorrkel::Keypair);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("not an English phrase of 12, 15, 18, 21 or 24 words with a right checksum")]
    Phrase,
    #[error("not a private key of 64 bytes with a canonical scalar")]
    Secret,
}

impl Keypair {
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let seed = MiniSecretKey::from_bytes(seed).expect("any 32 bytes are a seed");
        Self(seed.expand_to_keypair(ExpansionMode::Ed25519))
    }

    /// Substrate's rule: the seed comes from the entropy of the phrase, not from its words.
    ///
    /// # Errors
    /// When the words are not a BIP-39 phrase in English, lower case.
    pub fn from_phrase(phrase: &str) -> Result<Self, KeyError> {
        let phrase = Mnemonic::parse_in_normalized(Language::English, phrase)
            .map_err(|_| KeyError::Phrase)?;
        let entropy = Zeroizing::new(phrase.to_entropy());
        let mut seed = Zeroizing::new([0; 32]);
        pbkdf2::derive(
            PBKDF2_HMAC_SHA512,
            PHRASE_ROUNDS,
            b"mnemonic",
            &entropy,
            &mut *seed,
        );
        Ok(Self::from_seed(&seed))
    }

    /// `secret` is the scalar (32 bytes) and the nonce (32 bytes).
    ///
    /// # Errors
    /// When the scalar is not canonical.
    pub fn from_secret(secret: &[u8; 64]) -> Result<Self, KeyError> {
        let secret = SecretKey::from_bytes(secret).map_err(|_| KeyError::Secret)?;
        Ok(Self(secret.to_keypair()))
    }

    pub fn hotkey(&self) -> Hotkey {
        Hotkey::new(self.0.public.to_bytes())
    }

    /// Signs `message` as it is. Signatures are randomised: no two are alike.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature::new(self.0.sign_simple(CONTEXT, message).to_bytes())
    }
}

impl fmt::Debug for Keypair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keypair({})", self.hotkey())
    }
}
