//! The dead man's switch: an address that is called after each pass, so that somebody else notices
//! when the calls stop. Calling it never fails a pass and takes 5 s at most.

use std::time::Duration;

use tracing::{debug, warn};

use crate::http::{Client, HttpError, Limits};
use crate::settings::{Environment, Secret};
use crate::store::PassOutcome;

const LIMITS: Limits = Limits {
    idle: Duration::from_secs(5),
    total: Duration::from_secs(5),
    bytes: 64 * 1024,
};
/// What could not be reached for so many passes in a row is told as a failure.
const UNREACHABLE_UNTIL_TOLD: u32 = 5;

/// What the switch is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ping {
    Alive,
    Failed,
}

impl Ping {
    /// After a pass; `None`: the next one will show.
    pub(super) fn after(outcome: PassOutcome, unreachable_in_a_row: u32) -> Option<Self> {
        match outcome {
            PassOutcome::Done | PassOutcome::Idle => Some(Self::Alive),
            PassOutcome::Failed | PassOutcome::Misconfigured => Some(Self::Failed),
            PassOutcome::Unreachable => {
                (unreachable_in_a_row >= UNREACHABLE_UNTIL_TOLD).then_some(Self::Failed)
            }
            PassOutcome::Interrupted => None,
        }
    }

    /// Calls the address of the settings, if there is one; says whether it was heard.
    pub async fn send(self, environment: &Environment) -> bool {
        let Some(url) = environment.healthcheck_url() else {
            return false;
        };
        match call(&self.address(&url)).await {
            Ok(()) => {
                debug!(?self, "told the dead man's switch");
                true
            }
            Err(error) => {
                // the address is as good as a password
                warn!(%error, "the address of HORDE_HEALTHCHECK_URL does not answer");
                false
            }
        }
    }

    fn address(self, url: &Secret) -> String {
        let url = url.reveal();
        let (path, query) = url.split_at(url.find('?').unwrap_or(url.len()));
        let path = path.trim_end_matches('/');
        match self {
            Self::Alive => format!("{path}{query}"),
            Self::Failed => format!("{path}/fail{query}"),
        }
    }
}

async fn call(url: &str) -> Result<(), HttpError> {
    Client::for_services(LIMITS).get(url).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_only_if_it_goes_on() {
        let after = |outcome, count| Ping::after(outcome, count);
        assert_eq!(after(PassOutcome::Idle, 0), Some(Ping::Alive));
        assert_eq!(after(PassOutcome::Failed, 0), Some(Ping::Failed));
        assert_eq!(after(PassOutcome::Interrupted, 0), None);
        assert_eq!(after(PassOutcome::Unreachable, 4), None);
        assert_eq!(after(PassOutcome::Unreachable, 5), Some(Ping::Failed));
    }

    #[test]
    fn a_failure_has_an_address_of_its_own() {
        for (url, alive, failed) in [
            (
                "https://hc.example/uuid/",
                "https://hc.example/uuid",
                "https://hc.example/uuid/fail",
            ),
            (
                "https://hc.example/push?key=x/",
                "https://hc.example/push?key=x/",
                "https://hc.example/push/fail?key=x/",
            ),
        ] {
            let url = Secret::new(url);
            assert_eq!(Ping::Alive.address(&url), alive);
            assert_eq!(Ping::Failed.address(&url), failed);
        }
    }
}
