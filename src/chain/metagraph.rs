//! The table of a subnet's neurons at one block, from storage: that works in every generation.
//! Only the stake comes from a runtime API where there is one: chain.md, sections 4.2 and 4.3.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use futures_util::try_join;
use parity_scale_codec::Encode;
use subxt::ext::scale_decode::DecodeAsType;
use subxt::utils::AccountId32;

use super::runtime::{Key, subtensor};
use super::{ChainError, Snapshot};
use crate::keys::Hotkey;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metagraph {
    pub netuid: u16,
    pub block: u64,
    /// In the order of their uids.
    pub neurons: Vec<Neuron>,
    /// Stake that others delegate to a hotkey is left out, because the runtime has no call that
    /// adds it up.
    pub stake_is_approximate: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neuron {
    pub uid: u16,
    pub hotkey: Hotkey,
    /// In rao: TAO before dTAO, then alpha and weighted TAO together, as thresholds count it.
    pub stake: u64,
    /// `None`: never announced, or announced as not serving.
    pub axon: Option<Axon>,
    pub validator_permit: bool,
    /// Block of the last write of weights, of a commit, or of the registration.
    pub last_update: u64,
    pub registered_at: u64,
}

/// Where a neuron says that it listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axon {
    pub ip: IpAddr,
    pub port: u16,
}

impl Metagraph {
    pub fn by_hotkey(&self, hotkey: &Hotkey) -> Option<&Neuron> {
        self.neurons.iter().find(|neuron| neuron.hotkey == *hotkey)
    }

    pub fn by_uid(&self, uid: u16) -> Option<&Neuron> {
        self.neurons.iter().find(|neuron| neuron.uid == uid)
    }
}

/// By field name: `port` once stood before `ip`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct AxonInfo {
    ip: u128,
    port: u16,
    ip_type: u8,
}

impl AxonInfo {
    fn served(&self) -> Option<Axon> {
        let ip = match self.ip_type {
            4 => IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(self.ip).ok()?)),
            6 => IpAddr::V6(Ipv6Addr::from_bits(self.ip)),
            _ => return None,
        };
        (self.port != 0 && !ip.is_unspecified()).then_some(Axon {
            ip,
            port: self.port,
        })
    }
}

impl Snapshot {
    pub async fn metagraph(&self, netuid: u16) -> Result<Metagraph, ChainError> {
        let size: u16 = self
            .required(subtensor("SubnetworkN"), &[netuid.into()])
            .await?;
        let per_uid = || (0..size).map(|uid| vec![netuid.into(), uid.into()]);
        let per_netuid = [netuid.into()];
        let (hotkeys, registered, permits, updates) = try_join!(
            self.read_all::<AccountId32>(subtensor("Keys"), per_uid()),
            self.read_all::<u64>(subtensor("BlockAtRegistration"), per_uid()),
            self.required::<Vec<bool>>(subtensor("ValidatorPermit"), &per_netuid),
            self.required::<Vec<u64>>(subtensor("LastUpdate"), &per_netuid),
        )?;
        let hotkeys: Vec<Option<Hotkey>> = hotkeys
            .into_iter()
            .map(|key| key.map(|account| Hotkey::new(account.0)))
            .collect();
        let known: Vec<Hotkey> = hotkeys.iter().copied().flatten().collect();
        let (axons, stakes) = try_join!(self.axons(netuid, &known), self.stakes(netuid, &known))?;

        let at = |uid: u16| usize::from(uid);
        let neurons = (0..size).filter_map(|uid| {
            let hotkey = hotkeys[at(uid)]?;
            Some(Neuron {
                uid,
                hotkey,
                stake: stakes.by_hotkey.get(&hotkey).copied().unwrap_or(0),
                axon: axons.get(&hotkey).copied(),
                // one shorter than the subnet in the block of a registration
                validator_permit: permits.get(at(uid)).copied().unwrap_or(false),
                last_update: updates.get(at(uid)).copied().unwrap_or(0),
                registered_at: registered[at(uid)].unwrap_or(0),
            })
        });
        Ok(Metagraph {
            netuid,
            block: self.block(),
            neurons: neurons.collect(),
            stake_is_approximate: stakes.is_approximate,
        })
    }

    async fn axons(
        &self,
        netuid: u16,
        hotkeys: &[Hotkey],
    ) -> Result<HashMap<Hotkey, Axon>, ChainError> {
        let keys = hotkeys
            .iter()
            .map(|hotkey| vec![netuid.into(), hotkey.into()]);
        let found = self.read_all::<AxonInfo>(subtensor("Axons"), keys).await?;
        let served = |(hotkey, info): (&Hotkey, Option<AxonInfo>)| Some((*hotkey, info?.served()?));
        Ok(hotkeys.iter().zip(found).filter_map(served).collect())
    }

    async fn stakes(&self, netuid: u16, hotkeys: &[Hotkey]) -> Result<Stakes, ChainError> {
        let capabilities = self.capabilities();
        if capabilities.one_call_metagraph {
            self.stakes_by_call(netuid).await
        } else if capabilities.dynamic_tao {
            self.stakes_by_formula(netuid, hotkeys).await
        } else {
            let keys = hotkeys.iter().map(|hotkey| vec![hotkey.into()]);
            let stakes = self.read_all(subtensor("TotalHotkeyStake"), keys).await?;
            Ok(Stakes {
                by_hotkey: paired(hotkeys, stakes),
                is_approximate: false,
            })
        }
    }

    async fn stakes_by_call(&self, netuid: u16) -> Result<Stakes, ChainError> {
        #[derive(DecodeAsType)]
        #[decode_as_type(crate_path = "subxt::ext::scale_decode")]
        struct Columns {
            hotkeys: Vec<AccountId32>,
            total_stake: Vec<u64>,
        }
        let (api, method) = ("SubnetInfoRuntimeApi", "get_metagraph");
        let answer = self
            .call("SubnetInfoRuntimeApi_get_metagraph", &netuid.encode())
            .await?;
        let columns: Option<Columns> = self.runtime.decode_answer(api, method, &answer)?;
        let columns = columns.ok_or_else(|| ChainError::unreadable(method, "empty answer"))?;
        let hotkeys = columns.hotkeys.iter().map(|account| Hotkey::new(account.0));
        Ok(Stakes {
            by_hotkey: hotkeys.zip(columns.total_stake).collect(),
            is_approximate: false,
        })
    }

    /// Alpha on the subnet plus the weighted part of TAO on root, without delegation.
    async fn stakes_by_formula(
        &self,
        netuid: u16,
        hotkeys: &[Hotkey],
    ) -> Result<Stakes, ChainError> {
        const ROOT: u16 = 0;
        let item = subtensor("TotalHotkeyAlpha");
        let on = |netuid: u16| {
            hotkeys
                .iter()
                .map(move |hotkey| vec![hotkey.into(), netuid.into()])
        };
        let weight = subtensor("TaoWeight");
        let parts = [Key::from(netuid)];
        let parts = &parts[..self.runtime.key_count(weight).min(1)];
        let (alpha, tao, weight) = try_join!(
            self.read_all::<u64>(item, on(netuid)),
            self.read_all::<u64>(item, on(ROOT)),
            self.required::<u64>(weight, parts),
        )?;
        let total = alpha.into_iter().zip(tao).map(|(alpha, tao)| {
            let weighted = u128::from(tao.unwrap_or(0)) * u128::from(weight) / u128::from(u64::MAX);
            let weighted = u64::try_from(weighted).unwrap_or(u64::MAX);
            Some(alpha.unwrap_or(0).saturating_add(weighted))
        });
        Ok(Stakes {
            by_hotkey: paired(hotkeys, total),
            is_approximate: true,
        })
    }
}

struct Stakes {
    by_hotkey: HashMap<Hotkey, u64>,
    is_approximate: bool,
}

fn paired(
    hotkeys: &[Hotkey],
    stakes: impl IntoIterator<Item = Option<u64>>,
) -> HashMap<Hotkey, u64> {
    let stakes = stakes.into_iter().map(|stake| stake.unwrap_or(0));
    hotkeys.iter().copied().zip(stakes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(ip: u128, port: u16, ip_type: u8) -> Option<String> {
        AxonInfo { ip, port, ip_type }
            .served()
            .map(|axon| format!("{}:{}", axon.ip, axon.port))
    }

    #[test]
    fn an_address_is_read_from_the_number_on_chain() {
        assert_eq!(
            served(2_130_706_433, 8091, 4).as_deref(),
            Some("127.0.0.1:8091")
        );
        assert_eq!(served(1, 8091, 6).as_deref(), Some("::1:8091"));
    }

    #[test]
    fn a_neuron_without_ip_or_port_or_with_an_odd_address_serves_nothing() {
        assert_eq!(served(0, 8091, 4), None);
        assert_eq!(served(2_130_706_433, 0, 4), None);
        assert_eq!(served(u128::MAX, 8091, 4), None);
        assert_eq!(served(2_130_706_433, 8091, 9), None);
    }
}
