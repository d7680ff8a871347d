//! The chain as a pass may use it: the right one, and not lagging behind.

use std::path::PathBuf;
use std::time::Duration;

use tracing::debug;

use super::{Failure, Pass};
use crate::chain::{Chain, ConnectOptions, Endpoint, Snapshot, Subnet};
use crate::settings::{Environment, SettingsError};
use crate::timing::timed;

/// A head older than this many blocks is not written on (spec: weights).
const MAX_HEAD_AGE_BLOCKS: u32 = 20;
/// Chains for rehearsals make blocks faster than a busy machine keeps up with.
const LEAST_HEAD_AGE: Duration = Duration::from_secs(10);
/// A clock may be this far behind the chain's before it is called wrong.
const MAX_CLOCK_BEHIND: Duration = Duration::from_secs(60);

/// The way to the chain, for tasks beside a pass.
#[derive(Clone, Debug)]
pub struct ChainAccess {
    environment: Environment,
    metadata_cache: Option<PathBuf>,
}

impl ChainAccess {
    /// Metadata is kept beside the database, if there is a folder for it.
    pub fn of(environment: &Environment) -> Self {
        let database = environment.database();
        let folder = database.parent().filter(|folder| folder.is_dir());
        Self {
            environment: environment.clone(),
            metadata_cache: folder.map(ToOwned::to_owned),
        }
    }

    /// Connects to the node of the settings. Whether it serves the right chain is for the pass to
    /// say.
    pub async fn connect(&self) -> Result<Chain, Failure> {
        let text = self.environment.network()?;
        let endpoint: Endpoint = text.parse().map_err(|_| SettingsError::Malformed {
            name: "BITTENSOR_NETWORK",
            found: self.environment.shown("BITTENSOR_NETWORK"),
            from: self.environment.lookup("BITTENSOR_NETWORK").1,
            wanted: "a network's name or a node's address",
            example: "finney",
        })?;
        let options = ConnectOptions {
            metadata_cache: self.metadata_cache.clone(),
            ..ConnectOptions::default()
        };
        let _timed = timed("chain connect");
        Ok(Chain::connect(&endpoint, &options).await?)
    }
}

impl Pass {
    pub fn chain_access(&self) -> ChainAccess {
        ChainAccess::of(&self.environment)
    }

    /// Connects to the node of the settings. The database is tied to the first chain it meets.
    pub async fn connect(&mut self) -> Result<Chain, Failure> {
        let chain = self.chain_access().connect().await?;
        self.recognise(&chain)?;
        Ok(chain)
    }

    /// Refuses a chain that the database does not belong to.
    pub fn recognise(&mut self, chain: &Chain) -> Result<(), Failure> {
        let found = chain.genesis().to_string();
        let bound = self.store.bind_genesis(&found)?;
        match bound == found {
            true => Ok(()),
            false => Err(Failure::OtherChain { bound, found }),
        }
    }

    /// The subnet of the settings at this block.
    pub async fn subnet(&self, at: &Snapshot) -> Result<Subnet, Failure> {
        let netuid = self.environment.netuid()?;
        at.subnet(netuid).await?.ok_or(Failure::NoSubnet { netuid })
    }

    /// The newest block, if it is new enough to be acted on.
    pub async fn fresh_head(&self, chain: &Chain) -> Result<Snapshot, Failure> {
        let head = chain.best().await?;
        let age = self.now() - head.timestamp().await?;
        let limit = head.block_time()? * MAX_HEAD_AGE_BLOCKS;
        let limit = limit.max(LEAST_HEAD_AGE);
        if age.to_std().is_ok_and(|age| age > limit) {
            return Err(Failure::StaleHead {
                block: head.block(),
                age_s: age.num_seconds(),
            });
        }
        if (-age)
            .to_std()
            .is_ok_and(|behind| behind > MAX_CLOCK_BEHIND)
        {
            return Err(Failure::ClockBehind {
                block: head.block(),
                behind_s: -age.num_seconds(),
            });
        }
        debug!(block = head.block(), spec = head.spec_version(), "chain");
        Ok(head)
    }

    /// Debug settings that weaken the tests are refused where money is at stake.
    pub fn refuse_debug_on(&self, chain: &Chain) -> Result<(), Failure> {
        let is_main = Endpoint::Finney.expected_genesis() == Some(chain.genesis());
        match weakening(&self.environment) {
            Some(setting) if is_main => Err(Failure::DebugOnMainNetwork { setting }),
            _ => Ok(()),
        }
    }
}

/// A debug setting that makes the tests of miners weaker, if one is set.
fn weakening(environment: &Environment) -> Option<&'static str> {
    let set = [
        ("DEBUG_HASH_JOB", environment.debug_hash_job().is_some()),
        (
            "DEBUG_BATCH_TIME_SCALE",
            environment.batch_time_scale().is_some(),
        ),
    ];
    let found = set.into_iter().find(|(_, is_set)| *is_set);
    found.map(|(setting, _)| setting)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_weaken_the_tests_are_found() {
        for (name, value) in [
            ("DEBUG_HASH_JOB", "1,1,2"),
            ("DEBUG_BATCH_TIME_SCALE", "0.1"),
        ] {
            let environment = Environment::from_pairs([(name, value.to_owned())]);
            let environment = environment.expect("well-formed");
            assert_eq!(weakening(&environment), Some(name));
            let failure = Failure::DebugOnMainNetwork { setting: name };
            assert_eq!(failure.exit_code(), 2);
        }
        assert_eq!(weakening(&Environment::default()), None);
    }
}
