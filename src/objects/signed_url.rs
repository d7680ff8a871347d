//! An address that lets whoever has it upload one object. It is a secret for as long as it holds.

use std::fmt;

use crate::settings::Secret;

#[derive(Clone, PartialEq, Eq)]
pub struct SignedUrl(Secret);

impl SignedUrl {
    pub(super) fn new(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// All of it, for the one who is to upload.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

/// Without the query, in which the signature stands.
impl fmt::Display for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.reveal();
        let address = text.split_once('?').map_or(text, |(address, _)| address);
        write!(f, "{address}?...")
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
