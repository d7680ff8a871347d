//! An S3 server on loopback: buckets with their policies and access blocks, objects that are
//! written with signatures, at once or in parts, and read by whom the policy lets, and a choice of
//! misbehaviours. It has one key pair, and it remembers what is put and got. To Backblaze's own API
//! it answers that it is the S3 server of that pair.

mod anonymous;
mod b2;
mod behaviour;
mod config;
mod encoding;
mod ledger;
mod listing;
mod multipart;
mod operations;
mod reading;
mod refusal;
mod request;
mod server;
mod signature;
mod state;

pub use behaviour::Behaviour;
pub use config::BucketConfig;
pub use ledger::Ledger;
pub use server::BucketServer;
