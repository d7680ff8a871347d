//! Everything that can end a pass badly, as one closed type: exit code and advice for each.
//! The match to exit codes has no wildcard arm, so a new variant does not compile until decided.

use crate::backup::BackupError;
use crate::buckets::{BucketsError, Trouble};
use crate::chain::ChainError;
use crate::events::SendError;
use crate::evidence::EvidenceError;
use crate::facilitator::FacilitatorError;
use crate::mail::MailError;
use crate::metrics::MetricsError;
use crate::params::NamingError;
use crate::prompts::PromptsError;
use crate::settings::SettingsError;
use crate::store::{PassOutcome, StoreError};
use crate::sync_params::SyncError;
use crate::weights::WeightsError;

use super::{LockError, WalletError};

/// A person has to change something.
const USAGE: u8 = 2;
/// The outside could not be reached; the next pass tries again (EX_TEMPFAIL).
const TRY_AGAIN: u8 = 75;

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Wallet(#[from] WalletError),
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Weights(#[from] WeightsError),
    #[error(transparent)]
    Facilitator(#[from] FacilitatorError),
    #[error(transparent)]
    Events(#[from] SendError),
    #[error(transparent)]
    Sync(#[from] SyncError),
    #[error(transparent)]
    Naming(#[from] NamingError),
    #[error(transparent)]
    Buckets(#[from] BucketsError),
    #[error(transparent)]
    Prompts(#[from] PromptsError),
    #[error(transparent)]
    Mail(#[from] MailError),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error(transparent)]
    Evidence(EvidenceError),
    #[error(transparent)]
    Backup(BackupError),
    #[error("this database belongs to the chain with genesis {bound}, the node serves {found}")]
    OtherChain { bound: String, found: String },
    #[error(
        "the node's newest block {block} is {age_s} s old: it lags behind, or this clock is wrong"
    )]
    StaleHead { block: u64, age_s: i64 },
    #[error("this clock is {behind_s} s behind the chain's newest block {block}")]
    ClockBehind { block: u64, behind_s: i64 },
    #[error("subnet {netuid} does not exist on this chain")]
    NoSubnet { netuid: u16 },
    #[error("{setting} is set, which is refused on the main network")]
    DebugOnMainNetwork { setting: &'static str },
    #[error("block {block} did not come within {seconds} s")]
    BlockNeverCame { block: i64, seconds: u64 },
    #[cfg(feature = "devnet")]
    #[error(transparent)]
    Subnet(#[from] crate::devnet::SubnetError),
    #[error("no serving miner of the subnet has the hotkey {hotkey}")]
    NoSuchMiner { hotkey: String },
    #[error("the check failed: {finding}")]
    Check { finding: String },
    #[error("the script `{}` cannot be read", path.display())]
    Script {
        path: std::path::PathBuf,
        #[source]
        cause: std::io::Error,
    },
    #[error("the file `{}` cannot be used: {finding}", path.display())]
    Input {
        path: std::path::PathBuf,
        finding: String,
    },
    #[error("{what} did not answer within {seconds} s")]
    Slow { what: &'static str, seconds: u64 },
    #[error("a part of this program has failed: {finding}")]
    Fault { finding: String },
    #[error("the rehearsal failed: {finding}")]
    Demo { finding: String },
    #[error("the receipts of {hotkey} could not be fetched: {finding}")]
    NamedMiner { hotkey: String, finding: String },
    #[error("ended early by a signal")]
    Interrupted,
}

impl From<BackupError> for Failure {
    /// What is no matter of backups alone has its own place.
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Store(error) => error.into(),
            BackupError::Settings(error) => error.into(),
            BackupError::Lock(error) => error.into(),
            BackupError::Stopped => Self::Interrupted,
            other => Self::Backup(other),
        }
    }
}

impl From<EvidenceError> for Failure {
    fn from(error: EvidenceError) -> Self {
        match error {
            EvidenceError::Store(error) => error.into(),
            other => Self::Evidence(other),
        }
    }
}

impl Failure {
    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Settings(_)
            | Self::Wallet(_)
            | Self::Naming(_)
            | Self::OtherChain { .. }
            | Self::Script { .. }
            | Self::Input { .. }
            | Self::NoSubnet { .. }
            | Self::DebugOnMainNetwork { .. } => USAGE,
            Self::Store(error) => match error {
                StoreError::Missing(_) | StoreError::Newer { .. } | StoreError::Foreign { .. } => {
                    USAGE
                }
                StoreError::Busy | StoreError::Restoring => TRY_AGAIN,
                StoreError::Full
                | StoreError::Damaged(_)
                | StoreError::Unsound(_)
                | StoreError::Migration(_)
                | StoreError::Row { .. }
                | StoreError::File { .. }
                | StoreError::Sqlite(_) => 1,
            },
            Self::Chain(ChainError::OtherChain { .. } | ChainError::Missing { .. }) => USAGE,
            Self::Weights(error) => error.exit_code(),
            Self::Facilitator(error) => match error.is_passing() {
                true => TRY_AGAIN,
                false => 1,
            },
            Self::Events(error) if error.is_passing() => TRY_AGAIN,
            Self::Sync(error) if error.is_passing() => TRY_AGAIN,
            Self::Buckets(error) if error.is_misuse() => USAGE,
            Self::Buckets(error) => match error.trouble().is_some_and(Trouble::is_passing) {
                true => TRY_AGAIN,
                false => 1,
            },
            Self::Prompts(error) if error.is_passing() => TRY_AGAIN,
            Self::Mail(error) if error.is_passing() => TRY_AGAIN,
            Self::Backup(error) if error.is_misuse() => USAGE,
            Self::Backup(error) if error.is_passing() => TRY_AGAIN,
            Self::Events(_)
            | Self::Sync(_)
            | Self::Prompts(_)
            | Self::Mail(_)
            | Self::Backup(_) => 1,
            Self::Chain(_)
            | Self::StaleHead { .. }
            | Self::ClockBehind { .. }
            | Self::BlockNeverCame { .. }
            | Self::Slow { .. }
            | Self::NamedMiner { .. }
            | Self::Interrupted => TRY_AGAIN,
            #[cfg(feature = "devnet")]
            Self::Subnet(_) => 1,
            Self::Metrics(MetricsError::Certificates { .. }) => USAGE,
            Self::Metrics(_)
            | Self::Evidence(_)
            | Self::Lock(_)
            | Self::NoSuchMiner { .. }
            | Self::Check { .. }
            | Self::Fault { .. }
            | Self::Demo { .. } => 1,
        }
    }

    /// Whether the next pass may do better without any change on this side.
    pub fn is_passing(&self) -> bool {
        self.exit_code() == TRY_AGAIN
    }

    /// What to do next, where one thing is obvious.
    pub fn advice(&self) -> Option<String> {
        let advice = match self {
            Self::Settings(_) => "`horde config` shows every setting and where it comes from",
            Self::Store(error) => match error {
                StoreError::Missing(_) => {
                    "`horde migrate` makes a new one; if there was one, restore it first"
                }
                StoreError::Newer { .. } => {
                    "install the newer program again, or restore an older backup"
                }
                StoreError::Busy => {
                    "another process holds it open for writing; stop that one first"
                }
                StoreError::Full => "free some room; nothing was lost, the next pass goes on",
                StoreError::Damaged(_) | StoreError::Unsound(_) => {
                    "restore the newest backup with `horde restore-db`"
                }
                StoreError::Restoring => "the restore takes seconds; run it again then",
                StoreError::Foreign { .. } => "check HORDE_DB, or take another backup",
                StoreError::Migration(_) | StoreError::Row { .. } | StoreError::Sqlite(_) => {
                    return None;
                }
                StoreError::File { .. } => "check the owner and the mode of its folder",
            },
            Self::Wallet(error) => match error {
                WalletError::Mode { path, .. } => {
                    return Some(format!("chmod 600 '{}'", path.display()));
                }
                WalletError::Keyfile { .. } => {
                    "an encrypted file needs BITTENSOR_WALLET_PASSWORD_FILE with its password"
                }
                WalletError::PublicOnly(_) => "copy the hotkey file, not the public key file",
                WalletError::Coldkey(_) => "take the coldkey off this machine and name a hotkey",
                WalletError::Name { .. }
                | WalletError::Unreadable { .. }
                | WalletError::TooLarge(_) => {
                    "check BITTENSOR_WALLET_DIRECTORY, _NAME and _HOTKEY_NAME with `horde config`"
                }
            },
            Self::Chain(error) => return error.advice().map(str::to_owned),
            Self::Weights(error) => return error.advice(),
            Self::Facilitator(error) => match error.is_passing() {
                true => "check the network and FACILITATOR_URI; the next pass tries again",
                false => "check the hotkey with `horde config`: the facilitator must know it",
            },
            Self::Events(error) => return error.advice().map(str::to_owned),
            Self::Sync(error) => return error.advice().map(str::to_owned),
            Self::Buckets(error) => {
                return error.trouble()?.advice().map(str::to_owned);
            }
            Self::Prompts(error) => error.advice(),
            Self::Mail(error) => return error.advice().map(str::to_owned),
            Self::Metrics(error) => match error {
                MetricsError::File { .. } => "check the owner and the mode of its folder",
                MetricsError::Certificates { .. } => {
                    "put cert.crt, cert.key and ca.crt there, or none of them for clear text"
                }
                MetricsError::NoConnection(_) => {
                    "a socket of systemd starts it so (Accept=yes, StandardInput=socket)"
                }
            },
            Self::Evidence(error) => return error.advice(),
            Self::Backup(error) => error.advice()?,
            Self::Naming(_) => "`horde params` shows every parameter and what it means",
            Self::OtherChain { .. } => {
                "check BITTENSOR_NETWORK; another network needs another HORDE_DB"
            }
            Self::StaleHead { .. } | Self::ClockBehind { .. } => {
                "compare this clock with another (`timedatectl`), then try another node"
            }
            Self::NoSubnet { .. } => "check BITTENSOR_NETUID and BITTENSOR_NETWORK",
            Self::DebugOnMainNetwork { .. } => "unset it",
            #[cfg(feature = "devnet")]
            Self::Subnet(_) => return None,
            Self::NoSuchMiner { .. } => {
                "give its address with --miner-address and --miner-port, or check the hotkey"
            }
            Self::NamedMiner { .. } => "check that the miner listens there and is not firewalled",
            Self::Lock(_)
            | Self::Demo { .. }
            | Self::Check { .. }
            | Self::Script { .. }
            | Self::Input { .. }
            | Self::BlockNeverCame { .. }
            | Self::Slow { .. }
            | Self::Fault { .. }
            | Self::Interrupted => return None,
        };
        Some(advice.to_owned())
    }

    /// How the pass is recorded.
    pub fn recorded_as(&self) -> PassOutcome {
        match (self, self.exit_code()) {
            (Self::Interrupted, _) => PassOutcome::Interrupted,
            (_, USAGE) => PassOutcome::Misconfigured,
            (_, TRY_AGAIN) => PassOutcome::Unreachable,
            _ => PassOutcome::Failed,
        }
    }

    /// What failed and the chain of causes, outermost first.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.to_string()];
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            if lines.last().is_some_and(|above| !above.ends_with(&text)) {
                lines.push(text);
            }
            cause = error.source();
        }
        lines
    }
}
