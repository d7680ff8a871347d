//! A validator with buckets, a trusted miner, and a chain with miners of LLM executors.

use assert_cmd::assert::Assert;
use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::miner::{Behaviour, Miner, MinerConfig};
use horde_validator::devnet::node::{CommitScheme, Node};
use horde_validator::store::PromptCounts;
use horde_validator::wire::ExecutorClass;

use crate::host::{self, FIRST_MINER, Host};
use crate::shelf::Shelf;

pub(super) const LLM: ExecutorClass = ExecutorClass::AlwaysOnLlmA6000;
pub(super) const GPU: ExecutorClass = ExecutorClass::AlwaysOnGpu24Gb;

pub(super) struct Scene {
    pub(super) host: Host,
    pub(super) shelf: Shelf,
    pub(super) trusted: Miner,
    pub(super) miners: Vec<Miner>,
    _node: Node,
}

pub(super) fn start_miner(
    number: usize,
    executors: Vec<(ExecutorClass, i64)>,
    behaviour: Behaviour,
) -> Miner {
    let keypair = Account::miner(number).keypair();
    let config = MinerConfig::new(keypair, executors).behaving(behaviour);
    Miner::start(config).expect("a free port")
}

impl Scene {
    /// With small numbers: 4 series of 8 prompts are made at once, 2 samples are a workload, and
    /// 4 samples are enough.
    pub(super) fn new(
        trusted: Behaviour,
        miners: Vec<(Vec<(ExecutorClass, i64)>, Behaviour)>,
    ) -> Self {
        let shelf = Shelf::start();
        let trusted = start_miner(77, vec![(LLM, 1)], trusted);
        let miners: Vec<Miner> = (usize::from(FIRST_MINER)..)
            .zip(miners)
            .map(|(number, (executors, behaviour))| start_miner(number, executors, behaviour))
            .collect();
        let mut config = host::chain(CommitScheme::Off);
        for (neuron, miner) in config.neurons[2..].iter_mut().zip(&miners) {
            neuron.axon = Some(miner.address());
        }
        let node = host::start(config);
        let mut host = Host::on(&node);
        for (name, value) in shelf.settings() {
            host.set(name, value);
        }
        host.set("TRUSTED_MINER_KEY", trusted.hotkey());
        host.set("TRUSTED_MINER_ADDRESS", trusted.address().ip());
        host.set("TRUSTED_MINER_PORT", trusted.address().port());
        host.set("DEBUG_BATCH_TIME_SCALE", "0.05");
        host.set("DEBUG_HASH_JOB", "1,0,2");
        for (name, value) in [
            ("DYNAMIC_MAX_PROMPT_SERIES", 8),
            ("DYNAMIC_TARGET_NUMBER_OF_PROMPT_SAMPLES_READY", 4),
            ("DYNAMIC_NUMBER_OF_PROMPTS_PER_WORKLOAD", 4),
            ("DYNAMIC_PROMPTS_SERIES_IN_A_SINGLE_GENERATION", 4),
            ("DYNAMIC_NUMBER_OF_PROMPTS_IN_SERIES", 8),
            ("DYNAMIC_NUMBER_OF_PROMPTS_TO_SAMPLE_FROM_SERIES", 2),
            ("DYNAMIC_WEIGHTS_VERSION", 4),
        ] {
            host.pin(name, value);
        }
        Self {
            host,
            shelf,
            trusted,
            miners,
            _node: node,
        }
    }

    pub(super) fn prompts(&self, what: &str) -> Assert {
        self.host.horde(&["prompts", what])
    }

    pub(super) fn counts(&self) -> PromptCounts {
        self.host.store().prompt_counts().expect("read")
    }

    /// Subtypes of the events of this type, newest first.
    pub(super) fn events(&self, kind: &str) -> Vec<String> {
        let events = self.host.events().into_iter();
        let of_kind = events.filter(|event| event.kind == kind);
        of_kind.map(|event| event.subtype).collect()
    }
}
