//! Messages on the wire and the exact texts that are signed.

pub mod authentication;
pub mod event;
pub mod events_request;
pub mod executor_class;
pub mod facilitator;
pub mod from_miner;
mod message;
pub mod number;
pub mod python_json;
pub mod receipt;
mod redacted;
pub mod specs;
pub mod time;
pub mod to_miner;
pub mod upload;
pub mod volume;

pub use authentication::AuthenticationPayload;
pub use events_request::EventsRequest;
pub use executor_class::{ExecutorClass, UnknownExecutorClass};
pub use facilitator::{FromFacilitator, ToFacilitator};
pub use from_miner::FromMiner;
use message::message_type;
pub use message::{GenericError, Malformed};
pub use redacted::redacted;
pub use specs::MachineSpecs;
pub use to_miner::ToMiner;
pub use upload::OutputUpload;
pub use volume::{Volume, VolumeType};
