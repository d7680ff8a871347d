//! Which miners there are: those that serve on the subnet, kept in the database so that the next
//! pass finds them without the chain, or those that an operator names instead.

use tracing::warn;

use super::{Failure, Pass};
use crate::chain::{Chain, ChainError, Metagraph};
use crate::miner::MinerAddress;
use crate::store::{NeuronRow, Store, StoreError};

/// How often the metagraph is read before it is given up.
const METAGRAPH_ATTEMPTS: u32 = 3;

impl Pass {
    /// Every miner that serves as the chain says now, or those of the debug settings.
    pub async fn serving_miners(&mut self, chain: &Chain) -> Result<Vec<MinerAddress>, Failure> {
        if let Some(named) = self.named_miners()? {
            return Ok(named);
        }
        let metagraph = metagraph(chain, self.environment.netuid()?).await?;
        self.keep_metagraph(&metagraph)
    }

    /// Keeps the neurons for when the chain is away. Returns those that serve.
    pub fn keep_metagraph(&mut self, metagraph: &Metagraph) -> Result<Vec<MinerAddress>, Failure> {
        let neurons = neurons(metagraph);
        self.store
            .keep_neurons(&neurons, metagraph.block, self.now())?;
        Ok(neurons.iter().filter_map(address).collect())
    }

    /// The same, or as the chain said last where it cannot be reached.
    pub async fn known_miners(&mut self) -> Result<Vec<MinerAddress>, Failure> {
        if let Some(named) = self.named_miners()? {
            return Ok(named);
        }
        let read = match self.connect().await {
            Ok(chain) => self.serving_miners(&chain).await,
            Err(failure) => Err(failure),
        };
        match read {
            Err(failure) if failure.is_passing() => {
                let known = self.remembered_miners()?;
                if known.is_empty() {
                    return Err(failure);
                }
                warn!(%failure, "the chain is away: taking the miners that it had last");
                Ok(known)
            }
            read => read,
        }
    }

    /// The miners of the debug settings, if there are such.
    pub fn named_miners(&self) -> Result<Option<Vec<MinerAddress>>, Failure> {
        let named = self.environment.debug_miners()?;
        Ok(named.map(|debug| debug_miners(&debug.hotkey, &debug.address, debug.port, debug.count)))
    }

    /// Those that served when the chain was last read.
    pub fn remembered_miners(&self) -> Result<Vec<MinerAddress>, Failure> {
        Ok(miners_in(&self.store)?)
    }
}

/// The neurons of a subnet as the newest block has them, asked for a few times if need be.
pub async fn metagraph(chain: &Chain, netuid: u16) -> Result<Metagraph, ChainError> {
    let mut attempt = 1;
    loop {
        let read = async { chain.best().await?.metagraph(netuid).await }.await;
        match read {
            Err(error) if attempt < METAGRAPH_ATTEMPTS => {
                warn!(%error, attempt, "the metagraph cannot be read");
            }
            read => return read,
        }
        attempt += 1;
    }
}

/// Those that serve.
pub fn serving(metagraph: &Metagraph) -> Vec<MinerAddress> {
    neurons(metagraph).iter().filter_map(address).collect()
}

/// Those that served when the chain was last read.
pub fn miners_in(store: &Store) -> Result<Vec<MinerAddress>, StoreError> {
    Ok(store.neurons()?.iter().filter_map(address).collect())
}

/// Where a neuron listens, if it does.
fn address(neuron: &NeuronRow) -> Option<MinerAddress> {
    let (host, port) = neuron.axon.clone()?;
    Some(MinerAddress {
        hotkey: neuron.hotkey.clone(),
        host,
        port,
    })
}

/// The neurons as they are kept.
fn neurons(metagraph: &Metagraph) -> Vec<NeuronRow> {
    let row = |neuron: &crate::chain::Neuron| NeuronRow {
        uid: neuron.uid,
        hotkey: neuron.hotkey.to_string(),
        axon: neuron.axon.map(|axon| (axon.ip.to_string(), axon.port)),
        stake_rao: neuron.stake,
        has_permit: neuron.validator_permit,
    };
    metagraph.neurons.iter().map(row).collect()
}

/// `count` miners at one host on ports from `port` on. The first has `hotkey`, the i-th after it
/// a made-up one: `5u{i:03}u` and the hotkey from its seventh character on. Ports end at 65535.
fn debug_miners(hotkey: &str, host: &str, port: u16, count: u16) -> Vec<MinerAddress> {
    let rest: String = hotkey.chars().skip(6).collect();
    let name = |i: u16| match i {
        0 => hotkey.to_owned(),
        _ => format!("5u{i:03}u{rest}"),
    };
    let ports = (0..count).map_while(|i| Some((i, port.checked_add(i)?)));
    ports
        .map(|(i, port)| MinerAddress {
            hotkey: name(i),
            host: host.to_owned(),
            port,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_hotkeys_are_numbered_and_keep_the_tail() {
        let hotkey = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        let targets = debug_miners(hotkey, "127.0.0.1", 65_534, 3);
        let seen: Vec<_> = targets
            .iter()
            .map(|t| (t.hotkey.as_str(), t.port))
            .collect();
        let second = "5u001uEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        assert_eq!(seen, [(hotkey, 65_534), (second, 65_535)]);
    }
}
