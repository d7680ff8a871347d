//! The three hash functions of the jobs and what hashcat calls them.

use sha2::{Digest, Sha256, Sha384, Sha512};

/// The hash of password and salt, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    /// In the order in which they are chained.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        }
    }

    /// hashcat's number for it, `--hash-type`.
    pub const fn hash_type(self) -> &'static str {
        match self {
            Self::Sha256 => "1410",
            Self::Sha384 => "10810",
            Self::Sha512 => "1710",
        }
    }

    pub fn from_hash_type(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.hash_type() == text)
    }

    /// The one that version 0 uses in that hour of the day, UTC.
    pub const fn for_hour(hour_utc: u32) -> Self {
        Self::ALL[hour_utc as usize % Self::ALL.len()]
    }

    /// Calls `with` with the digest, without allocating.
    pub fn digest<T>(self, password: &[u8], salt: &[u8], with: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Self::Sha256 => with(&salted::<Sha256>(password, salt)),
            Self::Sha384 => with(&salted::<Sha384>(password, salt)),
            Self::Sha512 => with(&salted::<Sha512>(password, salt)),
        }
    }

    pub fn hash_hex(self, password: &[u8], salt: &[u8]) -> String {
        self.digest(password, salt, |digest| hex::encode(digest))
    }
}

fn salted<D: Digest>(password: &[u8], salt: &[u8]) -> sha2::digest::Output<D> {
    D::new()
        .chain_update(password)
        .chain_update(salt)
        .finalize()
}
