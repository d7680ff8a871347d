//! What a block reports in `System.Events`: the outcome of each extrinsic and what it changed.

use parity_scale_codec::{Decode, Encode};
use scale_info::TypeInfo;

use super::types::{AccountId32, H256};

#[derive(Debug, Clone, Encode, Decode, TypeInfo)]
pub(super) struct EventRecord {
    pub(super) phase: Phase,
    pub(super) event: RuntimeEvent,
    pub(super) topics: Vec<H256>,
}

#[derive(Debug, Clone, Copy, Encode, Decode, TypeInfo)]
pub(super) enum Phase {
    /// The place of the extrinsic in its block.
    ApplyExtrinsic(u32),
    Finalization,
    Initialization,
}

#[derive(Debug, Clone, Encode, Decode, TypeInfo)]
pub(super) enum RuntimeEvent {
    #[codec(index = 0)]
    System(SystemEvent),
    #[codec(index = 7)]
    SubtensorModule(SubtensorEvent),
}

#[derive(Debug, Clone, Encode, Decode, TypeInfo)]
pub(super) enum SystemEvent {
    ExtrinsicSuccess {
        dispatch_info: DispatchInfo,
    },
    ExtrinsicFailed {
        dispatch_error: DispatchError,
        dispatch_info: DispatchInfo,
    },
}

#[derive(Debug, Clone, Encode, Decode, TypeInfo)]
pub(super) enum SubtensorEvent {
    /// netuid, uid
    #[codec(index = 5)]
    WeightsSet(u16, u16),
    /// hotkey, netuid, hash
    #[codec(index = 79)]
    WeightsCommitted(AccountId32, u16, H256),
    /// hotkey, netuid, hash
    #[codec(index = 80)]
    WeightsRevealed(AccountId32, u16, H256),
    /// hotkey, netuid, BLAKE2b-256 of the ciphertext, round
    #[codec(index = 100)]
    TimelockedWeightsCommitted(AccountId32, u16, H256, u64),
    /// netuid, hotkey
    #[codec(index = 101)]
    TimelockedWeightsRevealed(u16, AccountId32),
}

#[derive(Debug, Clone, Encode, Decode, TypeInfo)]
pub(super) struct DispatchInfo {
    weight: Weight,
    class: DispatchClass,
    pays_fee: Pays,
}

impl DispatchInfo {
    /// Of the calls that a validator makes: none of them costs anything.
    pub(super) fn free() -> Self {
        Self {
            weight: Weight {
                ref_time: 0,
                proof_size: 0,
            },
            class: DispatchClass::Normal,
            pays_fee: Pays::No,
        }
    }
}

#[derive(Debug, Clone, Encode, Decode, TypeInfo)]
struct Weight {
    #[codec(compact)]
    ref_time: u64,
    #[codec(compact)]
    proof_size: u64,
}

#[derive(Debug, Clone, Copy, Encode, Decode, TypeInfo)]
enum DispatchClass {
    Normal,
    Operational,
    Mandatory,
}

#[derive(Debug, Clone, Copy, Encode, Decode, TypeInfo)]
enum Pays {
    Yes,
    No,
}

#[derive(Debug, Clone, Encode, Decode, TypeInfo)]
pub(super) enum DispatchError {
    Other,
    CannotLookup,
    BadOrigin,
    Module(ModuleError),
}

#[derive(Debug, Clone, Encode, Decode, TypeInfo)]
pub(super) struct ModuleError {
    pub(super) index: u8,
    pub(super) error: [u8; 4],
}
