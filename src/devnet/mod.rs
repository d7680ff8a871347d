//! A whole subnet in one process on loopback: a node and miners.

pub mod miner;
pub mod node;
