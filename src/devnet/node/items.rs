//! The storage items of the chain, as a generation has them (chain.md, section 4).
//! Only what a validator reads, or what the rules here need.

use frame_metadata::v14::StorageEntryMetadata;

use super::CommitScheme;
use super::beacon;
use super::events::EventRecord;
use super::item::Hasher::{Blake2, Identity, Twox};
use super::item::{Hasher, Item};
use super::storage::Storage;
use super::types::{
    AccountId32, AccountInfo, AxonInfo, BeaconConfiguration, H256, Pulse, port_first,
};

type PerSubnet<V> = Item<(u16,), V>;
type PerUid<V> = Item<(u16, u16), V>;

const SYSTEM: &str = "System";
const TIMESTAMP: &str = "Timestamp";
const SUBTENSOR: &str = "SubtensorModule";
const DRAND: &str = "Drand";
const BY_UID: &[Hasher] = &[Identity, Identity];
const BY_HOTKEY: &[Hasher] = &[Identity, Blake2];
const OF_HOTKEY: &[Hasher] = &[Blake2, Identity];

pub(super) const ACCOUNT: Item<(AccountId32,), AccountInfo> =
    Item::of(SYSTEM, "Account", &[Blake2]);
pub(super) const NUMBER: Item<(), u32> = Item::of(SYSTEM, "Number", &[]);
pub(super) const BLOCK_HASH: Item<(u32,), H256> = Item::of(SYSTEM, "BlockHash", &[Twox]);
pub(super) const EVENTS: Item<(), Vec<EventRecord>> = Item::of(SYSTEM, "Events", &[]);

/// Milliseconds since 1970.
pub(super) const NOW: Item<(), u64> = Item::of(TIMESTAMP, "Now", &[]);

pub(super) const NETWORKS_ADDED: PerSubnet<bool> =
    Item::of(SUBTENSOR, "NetworksAdded", &[Identity]);
pub(super) const SUBNETWORK_N: PerSubnet<u16> = Item::of(SUBTENSOR, "SubnetworkN", &[Identity]);
pub(super) const UIDS: Item<(u16, AccountId32), u16> = Item::optional(SUBTENSOR, "Uids", BY_HOTKEY);
pub(super) const KEYS: PerUid<AccountId32> =
    Item::with_default(SUBTENSOR, "Keys", BY_UID, || Some(NOBODY));
pub(super) const OWNER: Item<(AccountId32,), AccountId32> =
    Item::with_default(SUBTENSOR, "Owner", &[Blake2], || Some(NOBODY));
pub(super) const IS_NETWORK_MEMBER: Item<(AccountId32, u16), bool> =
    Item::of(SUBTENSOR, "IsNetworkMember", OF_HOTKEY);
pub(super) const VALIDATOR_PERMIT: PerSubnet<Vec<bool>> =
    Item::of(SUBTENSOR, "ValidatorPermit", &[Identity]);
pub(super) const LAST_UPDATE: PerSubnet<Vec<u64>> = Item::of(SUBTENSOR, "LastUpdate", &[Identity]);
pub(super) const WEIGHTS: PerUid<Vec<(u16, u16)>> = Item::of(SUBTENSOR, "Weights", BY_UID);
pub(super) const BLOCK_AT_REGISTRATION: PerUid<u64> =
    Item::of(SUBTENSOR, "BlockAtRegistration", BY_UID);
pub(super) const TEMPO: PerSubnet<u16> = Item::of(SUBTENSOR, "Tempo", &[Identity]);
pub(super) const BLOCKS_SINCE_LAST_STEP: PerSubnet<u64> =
    Item::of(SUBTENSOR, "BlocksSinceLastStep", &[Identity]);
/// Misspelt on chain.
pub(super) const LAST_STEP_BLOCK: PerSubnet<u64> =
    Item::of(SUBTENSOR, "LastMechansimStepBlock", &[Identity]);
pub(super) const MIN_ALLOWED_WEIGHTS: PerSubnet<u16> =
    Item::of(SUBTENSOR, "MinAllowedWeights", &[Identity]);
pub(super) const MAX_WEIGHTS_LIMIT: PerSubnet<u16> =
    Item::of(SUBTENSOR, "MaxWeightsLimit", &[Identity]);
pub(super) const WEIGHTS_VERSION_KEY: PerSubnet<u64> =
    Item::of(SUBTENSOR, "WeightsVersionKey", &[Identity]);
pub(super) const WEIGHTS_SET_RATE_LIMIT: PerSubnet<u64> =
    Item::of(SUBTENSOR, "WeightsSetRateLimit", &[Identity]);

const AXONS: Item<(u16, AccountId32), AxonInfo> = Item::optional(SUBTENSOR, "Axons", BY_HOTKEY);
const AXONS_PORT_FIRST: Item<(u16, AccountId32), port_first::AxonInfo> =
    Item::optional(SUBTENSOR, "Axons", BY_HOTKEY);

/// TAO in rao, before dTAO.
const TOTAL_HOTKEY_STAKE: Item<(AccountId32,), u64> =
    Item::of(SUBTENSOR, "TotalHotkeyStake", &[Identity]);
const TOTAL_HOTKEY_ALPHA: Item<(AccountId32, u16), u64> =
    Item::of(SUBTENSOR, "TotalHotkeyAlpha", OF_HOTKEY);
const TAO_WEIGHT: Item<(), u64> = Item::with_default(SUBTENSOR, "TaoWeight", &[], || {
    Some(971_718_665_099_567_868)
});
const TAO_WEIGHT_BY_SUBNET: PerSubnet<u64> =
    Item::with_default(SUBTENSOR, "TaoWeight", &[Identity], || {
        Some(3_320_413_933_267_719_290)
    });
const WEIGHTS_MIN_STAKE: Item<(), u64> = Item::of(SUBTENSOR, "WeightsMinStake", &[]);
const STAKE_THRESHOLD: Item<(), u64> = Item::of(SUBTENSOR, "StakeThreshold", &[]);

const COMMIT_REVEAL_ENABLED: PerSubnet<bool> =
    Item::of(SUBTENSOR, "CommitRevealWeightsEnabled", &[Identity]);
const COMMIT_REVEAL_ENABLED_UNLESS_SAID: PerSubnet<bool> =
    Item::with_default(SUBTENSOR, "CommitRevealWeightsEnabled", &[Identity], || {
        Some(true)
    });
pub(super) const COMMIT_REVEAL_INTERVAL: PerSubnet<u64> =
    Item::with_default(SUBTENSOR, "WeightCommitRevealInterval", &[Identity], || {
        Some(1000)
    });
pub(super) const REVEAL_PERIOD_EPOCHS: PerSubnet<u64> =
    Item::with_default(SUBTENSOR, "RevealPeriodEpochs", &[Twox], || Some(1));
/// (hash, block of the commit), where windows are counted in blocks.
pub(super) const ONE_WEIGHT_COMMIT: Item<(u16, AccountId32), (H256, u64)> =
    Item::optional(SUBTENSOR, "WeightCommits", &[Twox, Twox]);
/// (hash, block of the commit, first and last block of the reveal), oldest first.
pub(super) const WEIGHT_COMMITS: Item<(u16, AccountId32), Vec<WeightCommit>> =
    Item::optional(SUBTENSOR, "WeightCommits", &[Twox, Twox]);
type WeightCommit = (H256, u64, u64, u64);
/// By netuid and index of the epoch: (hotkey, block of the commit, ciphertext, round).
pub(super) const TIMELOCKED_WEIGHT_COMMITS: Item<(u16, u64), Vec<TimelockedCommit>> =
    Item::of(SUBTENSOR, "TimelockedWeightCommits", &[Twox, Twox]);
pub(super) type TimelockedCommit = (AccountId32, u64, Vec<u8>, u64);
pub(super) const COMMIT_REVEAL_VERSION: Item<(), u16> =
    Item::with_default(SUBTENSOR, "CommitRevealWeightsVersion", &[], || Some(4));

pub(super) const BEACON_CONFIG: Item<(), BeaconConfiguration> =
    Item::with_default(DRAND, "BeaconConfig", &[], || Some(beacon::quicknet()));
pub(super) const PULSES: Item<(u64,), Pulse> = Item::optional(DRAND, "Pulses", &[Blake2]);
pub(super) const LAST_STORED_ROUND: Item<(), u64> = Item::of(DRAND, "LastStoredRound", &[]);

/// What stands where no account does.
const NOBODY: AccountId32 = AccountId32([0; 32]);

/// Items that bear the same name in each generation that has them, and differ in between.
impl CommitScheme {
    fn has_dynamic_tao(self) -> bool {
        matches!(self, Self::Epochs | Self::Timelocked)
    }

    pub(super) fn commit_reveal_enabled(self) -> Option<&'static PerSubnet<bool>> {
        match self {
            Self::Off => None,
            Self::BlockIntervals | Self::Epochs => Some(&COMMIT_REVEAL_ENABLED),
            Self::Timelocked => Some(&COMMIT_REVEAL_ENABLED_UNLESS_SAID),
        }
    }

    pub(super) fn stake_threshold(self) -> &'static Item<(), u64> {
        match self {
            Self::Off | Self::BlockIntervals | Self::Epochs => &WEIGHTS_MIN_STAKE,
            Self::Timelocked => &STAKE_THRESHOLD,
        }
    }

    /// Where the stake of a hotkey on a subnet is kept, in rao.
    pub(super) fn stake_key(self, netuid: u16, hotkey: AccountId32) -> Vec<u8> {
        if self.has_dynamic_tao() {
            TOTAL_HOTKEY_ALPHA.key(&(hotkey, netuid))
        } else {
            TOTAL_HOTKEY_STAKE.key(&(hotkey,))
        }
    }

    pub(super) fn axon(
        self,
        storage: &Storage,
        netuid: u16,
        hotkey: AccountId32,
    ) -> Option<AxonInfo> {
        match self {
            Self::BlockIntervals => {
                let axon = AXONS_PORT_FIRST.find(storage, (netuid, hotkey))?;
                Some(axon.into())
            }
            _ => AXONS.find(storage, (netuid, hotkey)),
        }
    }

    pub(super) fn put_axon(
        self,
        storage: &mut Storage,
        netuid: u16,
        hotkey: AccountId32,
        axon: Option<AxonInfo>,
    ) {
        let keys = (netuid, hotkey);
        match axon {
            None => AXONS.remove(storage, keys),
            Some(axon) if self == Self::BlockIntervals => {
                AXONS_PORT_FIRST.put(storage, keys, &axon.into());
            }
            Some(axon) => AXONS.put(storage, keys, &axon),
        }
    }

    pub(super) fn system_items() -> Vec<StorageEntryMetadata> {
        vec![
            ACCOUNT.metadata(),
            NUMBER.metadata(),
            BLOCK_HASH.metadata(),
            EVENTS.metadata(),
        ]
    }

    pub(super) fn timestamp_items() -> Vec<StorageEntryMetadata> {
        vec![NOW.metadata()]
    }

    pub(super) fn subtensor_items(self) -> Vec<StorageEntryMetadata> {
        let mut items = vec![
            NETWORKS_ADDED.metadata(),
            SUBNETWORK_N.metadata(),
            UIDS.metadata(),
            KEYS.metadata(),
            OWNER.metadata(),
            IS_NETWORK_MEMBER.metadata(),
            VALIDATOR_PERMIT.metadata(),
            LAST_UPDATE.metadata(),
            WEIGHTS.metadata(),
            BLOCK_AT_REGISTRATION.metadata(),
            TEMPO.metadata(),
            BLOCKS_SINCE_LAST_STEP.metadata(),
            LAST_STEP_BLOCK.metadata(),
            MIN_ALLOWED_WEIGHTS.metadata(),
            MAX_WEIGHTS_LIMIT.metadata(),
            WEIGHTS_VERSION_KEY.metadata(),
            WEIGHTS_SET_RATE_LIMIT.metadata(),
            self.stake_threshold().metadata(),
        ];
        items.extend(self.commit_reveal_enabled().map(Item::metadata));
        items.extend(match self {
            Self::Off => vec![AXONS.metadata(), TOTAL_HOTKEY_STAKE.metadata()],
            Self::BlockIntervals => vec![
                AXONS_PORT_FIRST.metadata(),
                TOTAL_HOTKEY_STAKE.metadata(),
                COMMIT_REVEAL_INTERVAL.metadata(),
                ONE_WEIGHT_COMMIT.metadata(),
            ],
            Self::Epochs => vec![
                AXONS.metadata(),
                TOTAL_HOTKEY_ALPHA.metadata(),
                TAO_WEIGHT_BY_SUBNET.metadata(),
                REVEAL_PERIOD_EPOCHS.metadata(),
                WEIGHT_COMMITS.metadata(),
            ],
            Self::Timelocked => vec![
                AXONS.metadata(),
                TOTAL_HOTKEY_ALPHA.metadata(),
                TAO_WEIGHT.metadata(),
                REVEAL_PERIOD_EPOCHS.metadata(),
                WEIGHT_COMMITS.metadata(),
                TIMELOCKED_WEIGHT_COMMITS.metadata(),
                COMMIT_REVEAL_VERSION.metadata(),
            ],
        });
        items
    }

    pub(super) fn drand_items() -> Vec<StorageEntryMetadata> {
        vec![
            BEACON_CONFIG.metadata(),
            PULSES.metadata(),
            LAST_STORED_ROUND.metadata(),
        ]
    }
}
