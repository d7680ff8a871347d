//! What a miner has and how it carries itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::{Behaviour, ReceiptsFile};
use crate::keys::Keypair;
use crate::wire::ExecutorClass;

/// Everything that makes one miner differ from another.
#[derive(Clone)]
pub struct MinerConfig {
    pub keypair: Keypair,
    /// What it claims in its manifest.
    pub executors: Vec<(ExecutorClass, i64)>,
    pub behaviour: Behaviour,
    pub receipts_file: ReceiptsFile,
    /// Where it listens; port 0 is any free one.
    pub listen: SocketAddr,
    /// From accepting a job to its executor being ready.
    pub spin_up: Duration,
    /// Added to what solving a job takes.
    pub job_delay: Duration,
    /// Oldest authentication that it takes.
    pub max_token_age: Duration,
}

impl MinerConfig {
    /// An honest miner on a free port of loopback.
    pub fn new(keypair: Keypair, executors: Vec<(ExecutorClass, i64)>) -> Self {
        Self {
            keypair,
            executors,
            behaviour: Behaviour::Honest,
            receipts_file: ReceiptsFile::Honest,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            spin_up: Duration::ZERO,
            job_delay: Duration::ZERO,
            max_token_age: Duration::from_secs(10),
        }
    }

    #[must_use]
    pub fn behaving(self, behaviour: Behaviour) -> Self {
        Self { behaviour, ..self }
    }

    #[must_use]
    pub fn publishing(self, receipts_file: ReceiptsFile) -> Self {
        Self {
            receipts_file,
            ..self
        }
    }
}
