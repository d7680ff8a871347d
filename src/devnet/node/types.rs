//! The types of Substrate that metadata, events and storage speak of, as far as a validator
//! meets them. Their paths in metadata are those of the real crates: `metadata` sees to that.

use std::marker::PhantomData;

use parity_scale_codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;

use crate::keys::Hotkey;

pub(super) type Hash = [u8; 32];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, TypeInfo)]
pub(super) struct AccountId32(pub(super) [u8; 32]);

impl From<&Hotkey> for AccountId32 {
    fn from(hotkey: &Hotkey) -> Self {
        Self(*hotkey.public())
    }
}

impl From<AccountId32> for Hotkey {
    fn from(account: AccountId32) -> Self {
        Self::new(account.0)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub(super) struct H256(pub(super) Hash);

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub(super) enum MultiAddress {
    Id(AccountId32),
    Index(Compact<u32>),
    Raw(Vec<u8>),
    Address32([u8; 32]),
    Address20([u8; 20]),
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub(super) enum MultiSignature {
    Ed25519([u8; 64]),
    Sr25519([u8; 64]),
    Ecdsa([u8; 65]),
}

/// Only its parameters matter: clients learn from them how to address and to sign.
#[derive(TypeInfo)]
pub(super) struct UncheckedExtrinsic<Address, Call, Signature, Extra>(
    PhantomData<(Address, Call, Signature, Extra)>,
);

#[derive(TypeInfo)]
pub(super) struct Runtime;

#[derive(Debug, Clone, Default, Encode, Decode, TypeInfo)]
pub(super) struct AccountInfo {
    pub(super) nonce: u32,
    pub(super) consumers: u32,
    pub(super) providers: u32,
    pub(super) sufficients: u32,
    pub(super) data: AccountData,
}

#[derive(Debug, Clone, Default, Encode, Decode, TypeInfo)]
pub(super) struct AccountData {
    free: u64,
    reserved: u64,
    frozen: u64,
    flags: u128,
}

/// As announced before spec 185 and after spec 202.
#[derive(Debug, Clone, Encode, Decode, TypeInfo)]
pub(super) struct AxonInfo {
    pub(super) block: u64,
    pub(super) version: u32,
    pub(super) ip: u128,
    pub(super) port: u16,
    pub(super) ip_type: u8,
    pub(super) protocol: u8,
    pub(super) placeholder1: u8,
    pub(super) placeholder2: u8,
}

pub(super) mod port_first {
    //! The form of spec 185 to 202.

    use super::{Decode, Encode, TypeInfo};

    #[derive(Debug, Clone, Encode, Decode, TypeInfo)]
    pub(in super::super) struct AxonInfo {
        pub(in super::super) block: u64,
        pub(in super::super) version: u32,
        pub(in super::super) port: u16,
        pub(in super::super) ip: u128,
        pub(in super::super) ip_type: u8,
        pub(in super::super) protocol: u8,
        pub(in super::super) placeholder1: u8,
        pub(in super::super) placeholder2: u8,
    }

    impl From<super::AxonInfo> for AxonInfo {
        fn from(axon: super::AxonInfo) -> Self {
            Self {
                block: axon.block,
                version: axon.version,
                port: axon.port,
                ip: axon.ip,
                ip_type: axon.ip_type,
                protocol: axon.protocol,
                placeholder1: axon.placeholder1,
                placeholder2: axon.placeholder2,
            }
        }
    }

    impl From<AxonInfo> for super::AxonInfo {
        fn from(axon: AxonInfo) -> Self {
            Self {
                block: axon.block,
                version: axon.version,
                ip: axon.ip,
                port: axon.port,
                ip_type: axon.ip_type,
                protocol: axon.protocol,
                placeholder1: axon.placeholder1,
                placeholder2: axon.placeholder2,
            }
        }
    }
}

#[derive(Debug, Clone, Encode, Decode, TypeInfo)]
pub(super) struct BeaconConfiguration {
    /// Compressed point of G2, 96 bytes.
    pub(super) public_key: Vec<u8>,
    /// Seconds.
    pub(super) period: u32,
    /// Unix time of round 1.
    pub(super) genesis_time: u32,
    pub(super) hash: Vec<u8>,
    pub(super) group_hash: Vec<u8>,
    pub(super) scheme_id: Vec<u8>,
    pub(super) metadata: Metadata,
}

#[derive(Debug, Clone, Encode, Decode, TypeInfo)]
pub(super) struct Metadata {
    pub(super) beacon_id: Vec<u8>,
}

#[derive(Debug, Clone, Encode, Decode, TypeInfo)]
pub(super) struct Pulse {
    pub(super) round: u64,
    pub(super) randomness: Vec<u8>,
    /// Compressed point of G1, 48 bytes.
    pub(super) signature: Vec<u8>,
}
