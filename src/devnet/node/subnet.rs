//! The subnet's state as it is set up and changed from outside, not by extrinsics: neurons,
//! stake, hyperparameters.

use std::net::{IpAddr, SocketAddr};

use sp_crypto_hashing::blake2_256;

use super::storage::Storage;
use super::types::{AccountId32, AxonInfo};
use super::{CommitScheme, Hyperparameters, Neuron, items, weights};

const RAO_PER_TAO: u64 = 1_000_000_000;

/// One subnet of one generation; all that is needed to know where things are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subnet {
    pub(super) scheme: CommitScheme,
    pub(super) netuid: u16,
}

impl Subnet {
    pub(super) fn found(
        self,
        storage: &mut Storage,
        hyperparameters: &Hyperparameters,
        neurons: &[Neuron],
        block: u64,
    ) {
        const ROOT: u16 = 0;
        items::NETWORKS_ADDED.put(storage, (ROOT,), &true);
        items::NETWORKS_ADDED.put(storage, (self.netuid,), &true);
        self.set_hyperparameters(storage, hyperparameters);
        for (uid, neuron) in (0..).zip(neurons) {
            self.register(storage, uid, neuron, block);
        }
        // nobody has just been registered: the rate limit stops no first write
        items::LAST_UPDATE.change(storage, (self.netuid,), |updates| updates.fill(0));
    }

    pub(super) fn set_hyperparameters(self, storage: &mut Storage, wanted: &Hyperparameters) {
        let subnet = (self.netuid,);
        items::TEMPO.put(storage, subnet, &wanted.tempo);
        items::MIN_ALLOWED_WEIGHTS.put(storage, subnet, &wanted.min_allowed_weights);
        items::MAX_WEIGHTS_LIMIT.put(storage, subnet, &wanted.max_weight_limit);
        items::WEIGHTS_VERSION_KEY.put(storage, subnet, &wanted.weights_version_key);
        items::WEIGHTS_SET_RATE_LIMIT.put(storage, subnet, &wanted.weights_rate_limit);
        let threshold = wanted.stake_threshold_tao.saturating_mul(RAO_PER_TAO);
        self.scheme.stake_threshold().put(storage, (), &threshold);
        if let Some(enabled) = self.scheme.commit_reveal_enabled() {
            // as on a real chain, where a subnet that never said otherwise has no entry
            enabled.remove(storage, subnet);
            if enabled.find(storage, subnet) != Some(wanted.commit_reveal_enabled) {
                enabled.put(storage, subnet, &wanted.commit_reveal_enabled);
            }
        }
        match self.scheme {
            CommitScheme::Off => {}
            CommitScheme::BlockIntervals => {
                items::COMMIT_REVEAL_INTERVAL.put(storage, subnet, &wanted.commit_reveal_interval);
            }
            CommitScheme::Epochs | CommitScheme::Timelocked => {
                items::REVEAL_PERIOD_EPOCHS.put(storage, subnet, &wanted.reveal_period_epochs);
            }
        }
    }

    /// Gives `uid` to a neuron; whoever had it is out. The uid after the last one adds a neuron.
    pub(super) fn register(self, storage: &mut Storage, uid: u16, neuron: &Neuron, block: u64) {
        let netuid = self.netuid;
        let hotkey = AccountId32::from(&neuron.hotkey);
        if uid < items::SUBNETWORK_N.get(storage, (netuid,)) {
            if let Some(former) = items::KEYS.find(storage, (netuid, uid)) {
                items::UIDS.remove(storage, (netuid, former));
                items::IS_NETWORK_MEMBER.remove(storage, (former, netuid));
            }
        } else {
            items::SUBNETWORK_N.put(storage, (netuid,), &(uid + 1));
        }
        items::KEYS.put(storage, (netuid, uid), &hotkey);
        items::UIDS.put(storage, (netuid, hotkey), &uid);
        items::IS_NETWORK_MEMBER.put(storage, (hotkey, netuid), &true);
        items::OWNER.put(storage, (hotkey,), &AccountId32::from(&neuron.coldkey));
        items::BLOCK_AT_REGISTRATION.put(storage, (netuid, uid), &block);
        items::WEIGHTS.remove(storage, (netuid, uid));
        let place = usize::from(uid);
        items::LAST_UPDATE.change(storage, (netuid,), |updates| {
            updates.resize(updates.len().max(place + 1), 0);
            updates[place] = block;
        });
        self.set_permit(storage, uid, neuron.validator_permit);
        self.set_stake(storage, hotkey, neuron.stake_tao);
        self.set_axon(storage, hotkey, neuron.axon, block);
    }

    /// A uid is never empty: somebody else has it from now on, who serves and stakes nothing.
    pub(super) fn deregister(self, storage: &mut Storage, hotkey: AccountId32, block: u64) {
        let Some(uid) = items::UIDS.find(storage, (self.netuid, hotkey)) else {
            return;
        };
        let stranger = blake2_256(&[&hotkey.0[..], &block.to_le_bytes()].concat());
        let successor = Neuron {
            hotkey: AccountId32(stranger).into(),
            coldkey: AccountId32(stranger).into(),
            stake_tao: 0,
            axon: None,
            validator_permit: false,
        };
        self.register(storage, uid, &successor, block);
    }

    pub(super) fn set_permit(self, storage: &mut Storage, uid: u16, permitted: bool) {
        let place = usize::from(uid);
        items::VALIDATOR_PERMIT.change(storage, (self.netuid,), |permits| {
            permits.resize(permits.len().max(place + 1), false);
            permits[place] = permitted;
        });
    }

    pub(super) fn set_stake(self, storage: &mut Storage, hotkey: AccountId32, tao: u64) {
        let key = self.scheme.stake_key(self.netuid, hotkey);
        let rao = tao.saturating_mul(RAO_PER_TAO);
        storage.put(key, Some(rao.to_le_bytes().to_vec()));
    }

    /// Unlike `serve_axon`, which refuses loopback addresses.
    pub(super) fn set_axon(
        self,
        storage: &mut Storage,
        hotkey: AccountId32,
        axon: Option<SocketAddr>,
        block: u64,
    ) {
        let info = axon.map(|axon| {
            let (ip, ip_type) = match axon.ip() {
                IpAddr::V4(ip) => (u128::from(ip.to_bits()), 4),
                IpAddr::V6(ip) => (ip.to_bits(), 6),
            };
            AxonInfo {
                block,
                version: 0,
                ip,
                port: axon.port(),
                ip_type,
                protocol: 4,
                placeholder1: 0,
                placeholder2: 0,
            }
        });
        self.scheme.put_axon(storage, self.netuid, hotkey, info);
    }

    /// What the runtime of `next` keeps elsewhere or in another form. Open commits are lost
    /// where their form changes.
    pub(super) fn migrate(self, storage: &mut Storage, next: CommitScheme) -> Self {
        let Self { scheme, netuid } = self;
        for hotkey in self.hotkeys(storage) {
            let rao = weights::stake(storage, scheme, netuid, hotkey);
            let key = next.stake_key(netuid, hotkey);
            storage.put(key, Some(rao.to_le_bytes().to_vec()));
            let axon = scheme.axon(storage, netuid, hotkey);
            next.put_axon(storage, netuid, hotkey, axon);
        }
        let one_form = |scheme| scheme == CommitScheme::BlockIntervals;
        if one_form(scheme) != one_form(next) {
            for key in storage.newest_keys(&items::WEIGHT_COMMITS.prefix()) {
                storage.put(key, None);
            }
        }
        Self {
            scheme: next,
            netuid,
        }
    }

    pub(super) fn hotkeys(self, storage: &Storage) -> Vec<AccountId32> {
        let size = items::SUBNETWORK_N.get(storage, (self.netuid,));
        let key = |uid| items::KEYS.find(storage, (self.netuid, uid));
        (0..size).filter_map(key).collect()
    }
}
