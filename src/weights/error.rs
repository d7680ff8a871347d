//! Why weights could not be written, and what the operator can do about it.

use crate::chain::timelock::TimelockError;
use crate::chain::{Refusal, Remedy};
use crate::scoring::ScoringError;

#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    #[error("hotkey {hotkey} is not registered on subnet {netuid}")]
    NotRegistered { hotkey: String, netuid: u16 },
    #[error("the node is at block {block}, behind block {written} in which weights were written")]
    NodeBehind { block: u64, written: u64 },
    #[error("the chain refused to {act} weights: {refusal}")]
    Refused { act: &'static str, refusal: Refusal },
    #[error("the extrinsic that was to {act} weights got lost {attempts} times: {reason}")]
    Lost {
        act: &'static str,
        attempts: u32,
        reason: String,
    },
    #[error("only {answered} of the {before} miners of the batch before answered batch {batch}")]
    Incomplete {
        batch: i64,
        answered: u32,
        before: u32,
    },
    #[error("weights {weights} are given up: {reason}")]
    GivenUp { weights: i64, reason: String },
    #[error("scores of batch {batch} do not make weights")]
    Scores {
        batch: i64,
        #[source]
        cause: ScoringError,
    },
    #[error("the runtime (spec {spec_version}) offers no way to write weights that is known here")]
    NoWay { spec_version: u32 },
    #[error("weights cannot be time-locked")]
    Timelock(#[source] TimelockError),
    #[error("another program has been signing with this hotkey for {seconds} s")]
    HotkeyBusy { seconds: u64 },
}

impl WeightsError {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::NotRegistered { .. } | Self::Incomplete { .. } | Self::NoWay { .. } => 2,
            Self::Refused { refusal, .. } => match refusal.remedy {
                Remedy::Operator => 2,
                Remedy::Wait | Remedy::Reread => 75,
                Remedy::Defect => 1,
            },
            Self::NodeBehind { .. } | Self::Lost { .. } | Self::HotkeyBusy { .. } => 75,
            Self::GivenUp { .. } | Self::Scores { .. } | Self::Timelock(_) => 1,
        }
    }

    pub(crate) fn advice(&self) -> Option<String> {
        let advice = match self {
            Self::NotRegistered { .. } => {
                "register the hotkey, or check BITTENSOR_NETUID and the wallet with `horde config`"
            }
            Self::Refused { refusal, .. } => return refusal.hint.map(str::to_owned),
            Self::NodeBehind { .. } | Self::Lost { .. } => {
                "the next pass tries again; if it goes on, try another node"
            }
            Self::Incomplete { .. } => {
                "check this machine's network; `horde set-weights --accept-incomplete` takes the \
                 batch as it is"
            }
            Self::GivenUp { .. } => "the next batch makes new weights; `horde status` shows when",
            Self::NoWay { .. } => "look for a newer release of this validator",
            Self::HotkeyBusy { .. } => "stop the other program, or wait for it",
            Self::Scores { .. } | Self::Timelock(_) => return None,
        };
        Some(advice.to_owned())
    }
}
