//! Why there is no evidence.

use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("there is nothing about {what} `{name}` in this database")]
    Unknown {
        what: &'static str,
        name: String,
        /// The subcommand that lists what there is.
        list: &'static str,
    },
    #[error("nothing is known of a miner {0}")]
    UnknownMiner(String),
    #[error("the miner {miner} has no part in {what} {name}")]
    NoPart {
        miner: String,
        what: &'static str,
        name: String,
    },
}

impl EvidenceError {
    /// What to do next.
    pub fn advice(&self) -> Option<String> {
        Some(match self {
            Self::Store(_) => return None,
            Self::Unknown { list, .. } => format!(
                "`horde inspect {list}` lists what there is; `horde evict` deletes old rows"
            ),
            Self::UnknownMiner(_) => "`horde miners` lists those that are known".to_owned(),
            Self::NoPart { what, name, .. } => {
                format!("`horde inspect {what} {name}` without --miner shows all that have")
            }
        })
    }

    pub(super) fn unknown(what: &'static str, name: impl ToString, list: &'static str) -> Self {
        Self::Unknown {
            what,
            name: name.to_string(),
            list,
        }
    }
}
