//! All integration tests in one binary: rules against vectors, passes against real peers on
//! loopback, the real `horde` binary where there is a promise.

mod bad_days;
mod buckets;
mod chain;
mod commands;
mod cycles;
mod debug_run;
mod devnet_facilitator;
mod devnet_miner;
mod devnet_miner_jobs;
mod devnet_node;
mod devnet_services;
mod devnet_weights;
mod events_sending;
mod formatting;
mod hashjob;
mod host;
mod http_server;
mod install_script;
mod job_score;
mod keyfiles;
#[cfg(feature = "failpoints")]
mod kill;
mod miner_client;
mod miner_memory;
mod moto;
mod operator;
mod params;
mod peer;
mod process_weights;
mod program;
mod prompts;
mod puts;
mod python_shuffle;
mod receipts;
mod relay;
mod scoring;
mod shelf;
mod signing;
mod solver_script;
mod synthetic_batch;
mod tls_proxy;
mod vectors;
mod weights_pass;
mod windows;
mod wire_messages;
