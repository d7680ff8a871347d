//! All integration tests in one binary: rules against vectors, passes against real peers on
//! loopback, the real `horde` binary where there is a promise.

mod bad_days;
mod chain;
mod commands;
mod cycles;
mod devnet_miner;
mod devnet_node;
mod devnet_weights;
mod formatting;
mod hashjob;
mod host;
mod install_script;
mod job_score;
mod keyfiles;
#[cfg(feature = "failpoints")]
mod kill;
mod miner_client;
mod miner_memory;
mod peer;
mod process_weights;
mod python_shuffle;
mod receipts;
mod scoring;
mod signing;
mod solver_script;
mod synthetic_batch;
mod vectors;
mod weights_pass;
mod windows;
mod wire_messages;
