//! An S3 server on loopback: buckets with their policies and access blocks, objects that are
//! written with signatures and read by whom the policy lets, and a choice of misbehaviours. It has
//! one key pair, and it remembers what is put and got.

mod anonymous;
mod behaviour;
mod config;
mod encoding;
mod ledger;
mod operations;
mod refusal;
mod request;
mod server;
mod signature;
mod state;

pub use behaviour::Behaviour;
pub use config::BucketConfig;
pub use ledger::Ledger;
pub use server::BucketServer;
