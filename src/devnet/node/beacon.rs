//! The beacon of this chain: the same scheme as drand's quicknet, with a key of its own, so that
//! rounds can be signed here. Signatures are points of G1 over BLS12-381 (chain.md, section 9.2).

use ark_bls12_381::{Fr, G1Projective, G2Projective, g1};
use ark_ec::hashing::curve_maps::wb::WBMap;
use ark_ec::hashing::map_to_curve_hasher::MapToCurveBasedHasher;
use ark_ec::hashing::{HashToCurve, HashToCurveError};
use ark_ec::{CurveGroup, PrimeGroup};
use ark_ff::PrimeField;
use ark_ff::field_hashers::DefaultFieldHasher;
use ark_serialize::CanonicalSerialize;
use sha2::{Digest, Sha256};

use super::types::{BeaconConfiguration, Metadata, Pulse};

const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
const SCHEME: &[u8] = b"bls-unchained-g1-rfc9380";

type Hasher =
    MapToCurveBasedHasher<G1Projective, DefaultFieldHasher<Sha256, 128>, WBMap<g1::Config>>;

pub(super) struct Beacon {
    secret: Fr,
    /// Unix time of round 1.
    genesis_time: u32,
}

impl Beacon {
    /// Seconds from round to round.
    const PERIOD: u32 = 1;

    /// `now` in milliseconds. Rounds begin an hour earlier, so that early ones exist.
    pub(super) fn new(seed: u64, now: u64) -> Self {
        const HEAD_START: u64 = 3600;
        let digest = Sha256::digest([b"horde devnet beacon", &seed.to_be_bytes()[..]].concat());
        let genesis_time = (now / 1000).saturating_sub(HEAD_START);
        Self {
            secret: Fr::from_be_bytes_mod_order(&digest),
            genesis_time: u32::try_from(genesis_time).unwrap_or(u32::MAX),
        }
    }

    pub(super) fn configuration(&self) -> BeaconConfiguration {
        let public_key = compressed(&(G2Projective::generator() * self.secret).into_affine());
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

    pub(super) fn pulse(&self, round: u64) -> Pulse {
        let id = Sha256::digest(round.to_be_bytes());
        let point = hashed_to_curve(&id).expect("the domain and the curve are fixed");
        let signature = compressed(&(point * self.secret).into_affine());
        Pulse {
            round,
            randomness: Sha256::digest(&signature).to_vec(),
            signature,
        }
    }
}

fn hashed_to_curve(message: &[u8]) -> Result<G1Projective, HashToCurveError> {
    Hasher::new(DOMAIN)?.hash(message).map(Into::into)
}

fn compressed(point: &impl CanonicalSerialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(point.compressed_size());
    point
        .serialize_compressed(&mut bytes)
        .expect("a vector takes any number of bytes");
    bytes
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
    use ark_bls12_381::{Bls12_381, G1Affine, G2Affine};
    use ark_ec::pairing::Pairing;
    use ark_serialize::CanonicalDeserialize;

    use super::*;

    fn verifies(configuration: &BeaconConfiguration, round: u64, signature: &[u8]) -> bool {
        let public_key = G2Affine::deserialize_compressed(&configuration.public_key[..]);
        let signature = G1Affine::deserialize_compressed(signature);
        let id = hashed_to_curve(&Sha256::digest(round.to_be_bytes())).expect("a point");
        Bls12_381::pairing(signature.expect("a point of G1"), G2Projective::generator())
            == Bls12_381::pairing(id, public_key.expect("a point of G2"))
    }

    /// Holds our hashing and serialization against a round that drand has signed.
    #[test]
    fn the_public_beacons_round_1000_verifies() {
        let signature = hex::decode(
            "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125\
             e342b73a8dd2bacbe47e4b6b63ed5e39",
        );
        assert!(verifies(
            &quicknet(),
            1000,
            &signature.expect("hexadecimal")
        ));
    }

    #[test]
    fn own_rounds_verify_under_the_key_on_chain() {
        let beacon = Beacon::new(7, 1_700_000_000_000);
        let pulse = beacon.pulse(3601);
        assert!(verifies(&beacon.configuration(), 3601, &pulse.signature));
        assert!(!verifies(&beacon.configuration(), 3602, &pulse.signature));
    }

    #[test]
    fn the_round_at_a_time_is_the_one_that_is_out() {
        let beacon = Beacon::new(0, 1_700_000_000_000);
        assert_eq!(beacon.round_at(1_700_000_000_000), 3601);
        assert_eq!(beacon.round_at(1_700_000_000_999), 3601);
        assert_eq!(beacon.round_at(0), 0);
    }
}
