//! sr25519 signatures: their text on the wire and the check against a hotkey.
//! The signing context is `substrate`, as everywhere on the chain.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Hotkey;

pub(super) const CONTEXT: &[u8] = b"substrate";

/// Written as `0x` and 128 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    pub const fn new(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    pub const fn bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signature is 0x and 128 hexadecimal digits")]
pub struct SignatureError;

/// Whether the holder of `hotkey` signed `message`.
///
/// Wallet software wraps what it signs into `<Bytes>` and `</Bytes>`, so that form counts too.
pub fn verify(hotkey: &Hotkey, message: &[u8], signature: &Signature) -> bool {
    let Ok(public) = schnorrkel::PublicKey::from_bytes(hotkey.public()) else {
        return false;
    };
    let Ok(signature) = schnorrkel::Signature::from_bytes(&signature.0) else {
        return false;
    };
    holds(&public, message, &signature)
}

/// The rule itself, for a key and a signature that are already read.
pub(super) fn holds(
    public: &schnorrkel::PublicKey,
    message: &[u8],
    signature: &schnorrkel::Signature,
) -> bool {
    let holds = |message: &[u8]| public.verify_simple(CONTEXT, message, signature).is_ok();
    holds(message) || holds(&[b"<Bytes>", message, b"</Bytes>"].concat())
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Signature {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix("0x").ok_or(SignatureError)?;
        let mut bytes = [0; 64];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| SignatureError)?;
        Ok(Self(bytes))
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
