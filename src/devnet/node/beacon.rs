//! The beacon of this chain: the same scheme as drand's quicknet, with a key of its own, so that
//! rounds can be signed here. The curve's mathematics stands in `chain::timelock`.

use sha2::{Digest, Sha256};

use super::types::{BeaconConfiguration, Metadata, Pulse};
use crate::chain::timelock;

const SCHEME: &[u8] = b"bls-unchained-g1-rfc9380";

pub(super) struct Beacon {
    secret: [u8; 32],
    /// Unix time of round 1.
    genesis_time: u32,
}

impl Beacon {
    /// Seconds from round to round: the shortest, because blocks may be short too.
    const PERIOD: u32 = 1;

    /// `now` in milliseconds. Rounds begin an hour earlier, so that early ones exist.
    pub(super) fn new(seed: u64, now: u64) -> Self {
        const HEAD_START: u64 = 3600;
        let secret = [b"horde devnet beacon", &seed.to_be_bytes()[..]].concat();
        let genesis_time = (now / 1000).saturating_sub(HEAD_START);
        Self {
            secret: Sha256::digest(secret).into(),
            genesis_time: u32::try_from(genesis_time).unwrap_or(u32::MAX),
        }
    }

    pub(super) fn configuration(&self) -> BeaconConfiguration {
        let public_key = timelock::beacon_key_of(&self.secret).to_vec();
        BeaconConfiguration {
            hash: Sha256::digest(&public_key).to_vec(),
            group_hash: Sha256::digest(&public_key).to_vec(),
            public_key,
            period: Self::PERIOD,
            genesis_time: self.genesis_time,
            scheme_id: SCHEME.to_vec(),
            metadata: Metadata {
                beacon_id: b"devnet".to_vec(),
            },
        }
    }

    /// The newest round that is out at `now`, in milliseconds; 0 for none.
    pub(super) fn round_at(&self, now: u64) -> u64 {
        let since = (now / 1000).checked_sub(u64::from(self.genesis_time));
        since.map_or(0, |seconds| seconds / u64::from(Self::PERIOD) + 1)
    }

    /// `None`: the round cannot be signed.
    pub(super) fn pulse(&self, round: u64) -> Option<Pulse> {
        let signature = timelock::sign_round(&self.secret, round).ok()?;
        Some(Pulse {
            round,
            randomness: Sha256::digest(signature).to_vec(),
            signature: signature.to_vec(),
        })
    }
}

/// The public beacon, which real chains use unless they say otherwise.
pub(super) fn quicknet() -> BeaconConfiguration {
    const PUBLIC_KEY: &str = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c\
        8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb\
        5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a";
    const HASH: &str = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971";
    let bytes = |text| hex::decode(text).expect("hexadecimal");
    BeaconConfiguration {
        public_key: bytes(PUBLIC_KEY),
        period: 3,
        genesis_time: 1_692_803_367,
        hash: bytes(HASH),
        group_hash: Vec::new(),
        scheme_id: SCHEME.to_vec(),
        metadata: Metadata {
            beacon_id: b"quicknet".to_vec(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_rounds_verify_under_the_key_on_chain() {
        let beacon = Beacon::new(7, 1_700_000_000_000);
        let pulse = beacon.pulse(3601).expect("signed");
        let signature = pulse.signature.try_into().expect("48 bytes");
        let key = beacon.configuration().public_key;
        let key = key.try_into().expect("96 bytes");
        assert!(timelock::is_signature_of(3601, &signature, &key));
        assert!(!timelock::is_signature_of(3602, &signature, &key));
    }

    #[test]
    fn the_round_at_a_time_is_the_one_that_is_out() {
        let beacon = Beacon::new(0, 1_700_000_000_000);
        assert_eq!(beacon.round_at(1_700_000_000_000), 3601);
        assert_eq!(beacon.round_at(1_700_000_000_999), 3601);
        assert_eq!(beacon.round_at(0), 0);
    }
}
