//! A miner on loopback: the whole server side of the miner protocol, with a choice of
//! misbehaviours. It cracks hashes on the CPU, so jobs have to be small; jobs of users echo, sleep or
//! fail, and LLM jobs get words that follow from a hash.

mod behaviour;
mod config;
mod container;
mod ledger;
mod llm;
mod receipts;
mod receipts_file;
mod reply;
mod server;
mod session;
mod solver;
mod upload;

pub use behaviour::{Behaviour, Step};
pub use config::MinerConfig;
pub use ledger::Ledger;
pub use llm::{Cheat, answer};
pub use receipts_file::ReceiptsFile;
pub use server::Miner;
