//! Where miners listen, for as long as a relay runs: read from the chain when it starts and every
//! few minutes beside it, so that no job waits for the chain.

use std::future::pending;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tracing::warn;

use crate::chain::{Chain, Metagraph};
use crate::miner::MinerAddress;
use crate::pass::{self, ChainAccess, Failure, Pass};

/// None is older than 5 minutes, as long as the chain can be read (spec: organic jobs).
const EVERY: Duration = Duration::from_secs(240);
/// How long a reading may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was read, not yet looked at.
pub(super) struct Neurons {
    chain: Chain,
    metagraph: Metagraph,
}

/// `None`: they are given, and never read.
pub(super) struct Addresses(Option<Reader>);

struct Reader {
    access: ChainAccess,
    netuid: u16,
    due: Interval,
    reading: Option<JoinHandle<Result<Neurons, Failure>>>,
}

impl Addresses {
    pub(super) fn given() -> Self {
        Self(None)
    }

    /// The addresses to begin with: of the debug settings, or fresh enough in the database, or from
    /// the chain, or as the database has them where the chain is away.
    pub(super) async fn first(pass: &mut Pass) -> Result<(Self, Vec<MinerAddress>), Failure> {
        if let Some(named) = pass.named_miners()? {
            return Ok((Self::given(), named));
        }
        let (access, netuid) = (pass.chain_access(), pass.environment.netuid()?);
        let remembered = pass.remembered_miners()?;
        let is_fresh = pass.store.neurons_seen()?.is_some_and(|seen| {
            let age = (pass.now() - seen.at).to_std();
            age.is_ok_and(|age| age < EVERY)
        });
        let miners = match is_fresh {
            true => remembered,
            false => match read_in_time(&access, netuid).await {
                Ok(neurons) => neurons.keep(pass)?,
                Err(failure) if failure.is_passing() && !remembered.is_empty() => {
                    warn!(%failure, "the chain is away: taking the addresses that it had last");
                    remembered
                }
                Err(failure) => return Err(failure),
            },
        };
        let mut due = interval(EVERY);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // it ticks at once when it is new
        due.reset();
        let reader = Reader {
            access,
            netuid,
            due,
            reading: None,
        };
        Ok((Self(Some(reader)), miners))
    }

    /// Waits until they are due, and reads them anew. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Result<Neurons, Failure> {
        let Some(reader) = &mut self.0 else {
            return pending().await;
        };
        if reader.reading.is_none() {
            reader.due.tick().await;
            let (access, netuid) = (reader.access.clone(), reader.netuid);
            let read = async move { read_in_time(&access, netuid).await };
            reader.reading = Some(tokio::spawn(read));
        }
        let reading = reader.reading.as_mut().expect("begun above or before");
        let read = reading.await;
        reader.reading = None;
        read.unwrap_or_else(|panic| {
            Err(Failure::Fault {
                finding: panic.to_string(),
            })
        })
    }
}

impl Neurons {
    /// Keeps them, if they are of our chain. Returns those that serve.
    pub(super) fn keep(self, pass: &mut Pass) -> Result<Vec<MinerAddress>, Failure> {
        pass.recognise(&self.chain)?;
        pass.refuse_debug_on(&self.chain)?;
        pass.keep_metagraph(&self.metagraph)
    }
}

async fn read_in_time(access: &ChainAccess, netuid: u16) -> Result<Neurons, Failure> {
    let read = timeout(PATIENCE, async {
        let chain = access.connect().await?;
        let metagraph = pass::metagraph(&chain, netuid).await?;
        Ok(Neurons { chain, metagraph })
    });
    read.await.unwrap_or(Err(Failure::Slow {
        what: "the chain",
        seconds: PATIENCE.as_secs(),
    }))
}
