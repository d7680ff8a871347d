//! Subtensor, the chain: reads its state at one block and sends extrinsics, across all runtime
//! generations. Speaks and does not decide; the database is out of its reach.

mod beacon;
mod call;
mod capabilities;
#[expect(
    clippy::module_inception,
    reason = "the type `Chain` is what this folder is about"
)]
mod chain;
mod commit_window;
mod connection;
mod endpoint;
mod epoch;
mod error;
mod extrinsic;
mod fate;
#[cfg(test)]
mod generations;
mod hash;
mod metadata_cache;
mod metagraph;
mod refusal;
mod reveal_round;
mod runtime;
mod snapshot;
mod submit;
mod subnet;
pub mod timelock;
mod written;

pub use beacon::Beacon;
pub use call::{Call, WeightVector};
pub use capabilities::{Capabilities, RevealUnit, TimelockForm};
pub use chain::{Chain, ConnectOptions};
pub use commit_window::{RevealTiming, RevealWindow};
pub use connection::Timeouts;
pub use endpoint::{Endpoint, FINNEY_GENESIS, NotAnEndpoint};
pub use epoch::EpochClock;
pub use error::ChainError;
pub use fate::{Fate, Included, Outcome};
pub use hash::{Hash, NotAHash};
pub use metagraph::{Axon, Metagraph, Neuron};
pub use refusal::{Refusal, Remedy};
pub use reveal_round::{RevealConditions, RevealPlan, reveal_plan};
pub use runtime::{Item, Runtime};
pub use snapshot::Snapshot;
pub use submit::{Prepared, SubmitError, Until};
pub use subnet::{RevealDelay, Subnet};
pub use written::{OpenCommit, TimelockedCommit, Written};
