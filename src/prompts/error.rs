//! What can go wrong in the prompt pipeline.

/// Ways to fail. Whether the next pass may do better is in `is_passing`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PromptsError {
    #[error("the trusted miner made no prompts: {comment}")]
    NotGenerated { comment: String, is_passing: bool },
    #[error("{failed} of {begun} workloads were not answered: {first}")]
    NotAnswered {
        failed: usize,
        begun: usize,
        first: String,
        is_passing: bool,
    },
    #[error("{failed} of {begun} workloads could not be uploaded: {first}")]
    NotUploaded {
        failed: usize,
        begun: usize,
        first: String,
    },
    #[error("{failed} series in a row could not be read: {last}")]
    NoSeries { failed: usize, last: String },
}

impl PromptsError {
    pub fn is_passing(&self) -> bool {
        match self {
            Self::NotGenerated { is_passing, .. } | Self::NotAnswered { is_passing, .. } => {
                *is_passing
            }
            Self::NotUploaded { .. } | Self::NoSeries { .. } => true,
        }
    }

    /// What to do next.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NotGenerated {
                is_passing: true, ..
            }
            | Self::NotAnswered {
                is_passing: true, ..
            } => "check TRUSTED_MINER_ADDRESS and _PORT, and whether the trusted miner runs",
            Self::NotGenerated { .. } | Self::NotAnswered { .. } => {
                "look at the log of the trusted miner; docs/prompts.md says what it has to do"
            }
            Self::NotUploaded { .. } | Self::NoSeries { .. } => {
                "check the two buckets: anybody must be able to read, our key to write"
            }
        }
    }
}
