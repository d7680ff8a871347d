//! Why events could not be sent, and what the operator can do about it.

use crate::http::HttpError;

#[derive(Debug, thiserror::Error)]
#[error("events could not be sent to {collector}, {left} are kept for the next pass")]
pub struct SendError {
    /// Without credentials.
    pub(super) collector: String,
    pub(super) left: u64,
    #[source]
    pub(super) cause: HttpError,
}

impl SendError {
    pub(crate) fn is_passing(&self) -> bool {
        self.cause.is_passing()
    }

    pub(crate) fn advice(&self) -> Option<&'static str> {
        match self.cause {
            _ if self.is_passing() => None,
            HttpError::Status(401 | 403) => Some(
                "is this hotkey registered on the subnet, and this clock right (`timedatectl`)?",
            ),
            _ => Some("check STATS_COLLECTOR_URL; set to nothing, it turns sending off"),
        }
    }
}
