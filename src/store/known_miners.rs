//! The miners that this validator knows: those of the chain as it was last read, those of its
//! newest batch, and those that the operator has blocked.

use std::collections::BTreeMap;

use super::{BatchState, Block, MinerEvidence, NeuronRow, Store, StoreError};

/// One miner, from everything that is kept about it.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownMiner {
    pub hotkey: String,
    /// `None`: not on the subnet when the chain was last read.
    pub uid: Option<u16>,
    /// Host and port; `None`: it does not serve.
    pub address: Option<(String, u16)>,
    /// Why and since when it gets no jobs of users.
    pub blocked: Option<Block>,
    /// Jobs of the newest finished batch, and how many of them succeeded; `None`: not asked.
    pub jobs: Option<(u32, u32)>,
}

/// How many batches are looked through for one that is finished.
const BATCHES_SEARCHED: u32 = 100;

impl Store {
    /// By uid; those without one come last.
    pub fn known_miners(&self) -> Result<Vec<KnownMiner>, StoreError> {
        let mut neurons: BTreeMap<String, NeuronRow> = BTreeMap::new();
        for neuron in self.neurons()? {
            neurons.insert(neuron.hotkey.clone(), neuron);
        }
        let mut blocked = self.blocked_miners()?;
        let mut asked: BTreeMap<String, MinerEvidence> = BTreeMap::new();
        let batches = self.last_batches(BATCHES_SEARCHED)?;
        if let Some(batch) = batches.iter().find(|batch| batch.state == BatchState::Done) {
            for evidence in self.evidence(batch.id)? {
                asked.insert(evidence.hotkey.clone(), evidence);
            }
        }
        let serving = neurons.values().filter(|neuron| neuron.axon.is_some());
        let mut hotkeys: Vec<String> = serving.map(|neuron| neuron.hotkey.clone()).collect();
        hotkeys.extend(blocked.keys().cloned());
        hotkeys.extend(asked.keys().cloned());
        hotkeys.sort_unstable();
        hotkeys.dedup();
        let mut miners: Vec<KnownMiner> = hotkeys
            .into_iter()
            .map(|hotkey| {
                let neuron = neurons.remove(&hotkey);
                KnownMiner {
                    uid: neuron.as_ref().map(|neuron| neuron.uid),
                    address: neuron.and_then(|neuron| neuron.axon),
                    blocked: blocked.remove(&hotkey),
                    jobs: asked
                        .get(&hotkey)
                        .map(|asked| (asked.jobs, asked.succeeded)),
                    hotkey,
                }
            })
            .collect();
        miners.sort_by_key(|miner| (miner.uid.is_none(), miner.uid));
        Ok(miners)
    }
}
