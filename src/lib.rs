//! What a ComputeHorde validator knows and does. Prints nothing and exits nowhere:
//! the binary under `commands/` turns arguments into one call here and the outcome into text.
//!
//! Floors: a module uses only what stands below it (`tests/it/floors.rs` checks that).
//! passes (`synthetic`, `weights`, `organic`, `receipts`, `prompts`, `events`, `sync_params`,
//! `buckets`, `backup`, `evict`), the outside (`chain`, `miner`, `facilitator`, `objects`, `mail`, `http`),
//! memory (`store`), rules (`schedule`, `scoring`, `params`, `settings`, `wire`, `keys`, `hashjob`,
//! `llmjob`), files that survive (`durable`), texts on one line (`line`), times of code (`timing`).
//! `pass` is the frame of all passes; `debug`, `doctor`, `evidence`, `metrics`, `notify`, `pinning`,
//! `report` and `status` serve commands that are none.
//! Among passes, `synthetic` reads answers as `prompts` does, and `prompts` drives jobs as
//! `organic` does; none goes the other way.

#![forbid(unsafe_code)]
#![deny(
    clippy::dbg_macro,
    clippy::exit,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used
)]

pub mod backup;
pub mod buckets;
pub mod chain;
pub mod debug;
#[cfg(feature = "devnet")]
pub mod devnet;
pub mod doctor;
mod durable;
pub mod events;
pub mod evict;
pub mod evidence;
pub mod facilitator;
pub mod failpoint;
pub mod hashjob;
pub mod http;
pub mod keys;
mod line;
pub mod llmjob;
pub mod mail;
pub mod metrics;
pub mod miner;
pub mod notify;
pub mod objects;
pub mod organic;
pub mod params;
pub mod pass;
pub mod pinning;
pub mod prompts;
pub mod receipts;
pub mod report;
pub mod schedule;
pub mod scoring;
pub mod settings;
pub mod status;
pub mod store;
pub mod sync_params;
pub mod synthetic;
pub mod timing;
pub mod weights;
pub mod wire;
