//! A JSON-RPC server that behaves as Subtensor does towards a client.

mod admission;
mod ancestry;
mod beacon;
mod calls;
mod chain;
mod commits;
mod config;
mod dispatch;
mod epochs;
mod era;
mod errors;
mod events;
mod extensions;
mod extrinsic;
mod faults;
mod gate;
mod item;
mod items;
mod ledger;
mod metadata;
#[expect(
    clippy::module_inception,
    reason = "the node is what this folder is about"
)]
mod node;
mod pool;
mod producer;
mod reorganisation;
mod rpc;
mod runtime;
mod state;
mod storage;
mod subnet;
mod timelocked;
mod types;
mod weights;

pub use config::{CommitScheme, Config, Hyperparameters, Neuron, Production};
pub use faults::{Faults, PoolRefusal, SubmitFault};
pub use ledger::{Commit, Entry, Outcome};
pub use metadata::{v14 as metadata_v14, v15 as metadata_v15};
pub use node::Node;
pub use reorganisation::Orphans;
