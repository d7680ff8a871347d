//! How long a miner may take, and how much it may send or have.

use std::time::Duration;

use crate::http;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// On the file of one miner.
    pub file: http::Limits,
    pub miners_at_once: usize,
    /// After so many rows of a file whose signatures do not hold, the rest is not read.
    pub false_rows: u64,
    /// Receipts of one miner in the database. With both signatures each takes about 1 KiB.
    pub kept_per_miner: u64,
}

impl Limits {
    pub const PRODUCTION: Self = Self {
        file: http::Limits {
            idle: Duration::from_secs(5),
            total: Duration::from_secs(60),
            bytes: 256 << 20,
        },
        miners_at_once: 64,
        false_rows: 1_000,
        kept_per_miner: 200_000,
    };
}
