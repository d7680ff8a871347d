//! What can go wrong with a request. Texts leave out the address.

use std::time::Duration;

#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("no answer: {finding}")]
    Unreachable { finding: String },
    #[error("the address cannot be used: {finding}")]
    Address { finding: String },
    #[error("answered with status {0}")]
    Status(u16),
    #[error("the answer has more than {bytes} bytes")]
    TooLarge { bytes: u64 },
    #[error("the answer was not complete after {} s", .0.as_secs_f64())]
    Slow(Duration),
    #[error("nothing came for {} s", .0.as_secs_f64())]
    Stalled(Duration),
}

impl HttpError {
    /// Whether trying again later, without any change on this side, may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Slow(_) | Self::Stalled(_) => true,
            Self::Status(status) => *status >= 500 || matches!(status, 408 | 425 | 429),
            Self::Address { .. } | Self::TooLarge { .. } => false,
        }
    }
}

impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        if let Some(status) = error.status() {
            return Self::Status(status.as_u16());
        }
        let is_unsendable = error.is_builder();
        let error = error.without_url();
        // the innermost cause says what happened, the outer ones only where
        let mut cause: &dyn std::error::Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        let finding = cause.to_string();
        match is_unsendable {
            true => Self::Address { finding },
            false => Self::Unreachable { finding },
        }
    }
}
