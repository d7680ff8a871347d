//! What the runtime at a block can do, told from its metadata by names alone.
//! The table is chain.md, section 2; nothing here looks at a version number.

use super::runtime::{Runtime, subtensor};

/// The unit in which a subnet's hash commit-reveal counts its windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevealUnit {
    /// Intervals of `WeightCommitRevealInterval` blocks.
    BlockIntervals,
    /// `RevealPeriodEpochs` epochs.
    Epochs,
}

/// Which timelocked commit the runtime takes; it opens them by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimelockForm {
    /// `commit_crv3_weights`: plaintext without hotkey, opened once.
    Crv3,
    /// `commit_timelocked_weights`: plaintext with hotkey, opened in any block of the epoch.
    Versioned,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Hash commit-reveal, and how it counts.
    pub hash_commits: Option<RevealUnit>,
    /// Whether the commit hash covers a salt and the reveal sends it.
    pub salted_reveals: bool,
    /// Whether each subnet says if commit-reveal is on.
    pub commit_reveal_switch: bool,
    pub timelock: Option<TimelockForm>,
    pub mechanisms: bool,
    /// Epochs are counted in storage rather than computed from the block number.
    pub stateful_epochs: bool,
    /// Stake is alpha per subnet and TAO on root (dTAO).
    pub dynamic_tao: bool,
    /// The storage item of the stake that writing weights takes.
    pub stake_threshold: Option<&'static str>,
    /// `SubnetInfoRuntimeApi_get_metagraph` with a typed answer.
    pub one_call_metagraph: bool,
    pub knowledge_commitments: bool,
    pub evm_association: bool,
}

impl Capabilities {
    pub fn of(runtime: &Runtime) -> Self {
        let call = |name| runtime.arguments(name).is_some();
        let item = |name| runtime.has_item(subtensor(name));
        let reveal_unit = if item("RevealPeriodEpochs") {
            Some(RevealUnit::Epochs)
        } else if item("WeightCommitRevealInterval") {
            Some(RevealUnit::BlockIntervals)
        } else {
            None
        };
        Self {
            hash_commits: reveal_unit.filter(|_| call("commit_weights") && call("reveal_weights")),
            salted_reveals: runtime
                .arguments("reveal_weights")
                .is_some_and(|names| names.contains(&"salt")),
            commit_reveal_switch: item("CommitRevealWeightsEnabled"),
            timelock: if call("commit_timelocked_weights") {
                Some(TimelockForm::Versioned)
            } else if call("commit_crv3_weights") {
                Some(TimelockForm::Crv3)
            } else {
                None
            },
            mechanisms: call("set_mechanism_weights") && item("MechanismCountCurrent"),
            stateful_epochs: item("SubnetEpochIndex") && item("LastEpochBlock"),
            dynamic_tao: item("TotalHotkeyAlpha"),
            stake_threshold: ["StakeThreshold", "WeightsMinStake"]
                .into_iter()
                .find(|name| item(name)),
            one_call_metagraph: runtime.has_typed_api("SubnetInfoRuntimeApi", "get_metagraph"),
            knowledge_commitments: runtime.has_pallet("Commitments"),
            evm_association: item("AssociatedEvmAddress"),
        }
    }
}
