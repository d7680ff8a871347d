//! Messages on the wire and the exact texts that are signed.

pub mod authentication;
pub mod event;
pub mod executor_class;
pub mod from_miner;
pub mod number;
pub mod python_json;
pub mod receipt;
pub mod specs;
pub mod time;
pub mod to_miner;
pub mod upload;
pub mod volume;

pub use authentication::AuthenticationPayload;
pub use executor_class::{ExecutorClass, UnknownExecutorClass};
pub use from_miner::FromMiner;
pub use specs::MachineSpecs;
pub use to_miner::ToMiner;
pub use upload::OutputUpload;
pub use volume::{Volume, VolumeType};

/// A text that is not one of the messages of its channel. Never holds the text.
#[derive(Debug, thiserror::Error)]
#[error("not a message of this channel: {0}")]
pub struct Malformed(#[from] serde_json::Error);
