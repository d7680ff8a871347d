//! Receipts that miners publish: what in a file is accepted, what of it is kept, and that no
//! miner can keep another one's receipts from being fetched.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use horde_validator::devnet::miner::{Miner, MinerConfig, ReceiptsFile};
use horde_validator::keys::Keypair;

mod file;
mod program;
mod round;

fn miner(seed: u8, file: ReceiptsFile) -> Miner {
    let config = MinerConfig::new(Keypair::from_seed(&[seed; 32]), Vec::new());
    Miner::start(config.publishing(file)).expect("a free port")
}

/// An honest miner with both receipts of each of these jobs, which began just now.
fn honest(seed: u8, jobs: std::ops::Range<u32>) -> Miner {
    let miner = miner(seed, ReceiptsFile::Honest);
    miner.publish_jobs(jobs, just_now(), &Keypair::from_seed(&[2; 32]));
    miner
}

fn just_now() -> DateTime<Utc> {
    Utc::now() - TimeDelta::minutes(5)
}

fn count(database: &Path, condition: &str) -> i64 {
    let db = rusqlite::Connection::open(database).expect("it opens");
    let sql = format!("SELECT count(*) FROM receipts WHERE {condition}");
    db.query_row(&sql, [], |row| row.get(0)).expect("a number")
}
