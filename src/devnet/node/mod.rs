//! A JSON-RPC server that behaves as Subtensor does towards a client.

mod config;
mod faults;
mod ledger;

pub use config::{CommitScheme, Config, Hyperparameters, Neuron, Production};
pub use faults::{Faults, PoolRefusal, SubmitFault};
pub use ledger::{Commit, Entry, Outcome};
