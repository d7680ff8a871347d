//! Encryption to a future drand round: Boneh-Franklin identity encryption over BLS12-381, hybrid
//! with AES-256-GCM, in the byte layout that the chain opens. Chain.md, sections 9.1 and 9.2;
//! checked against the public wheel. Opening is for tests and the development chain.

use aes_gcm::aead::Aead;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use ark_bls12_381::{Bls12_381, Fr, G1Affine, G1Projective, G2Affine, G2Projective, g1};
use ark_ec::hashing::HashToCurve;
use ark_ec::hashing::curve_maps::wb::WBMap;
use ark_ec::hashing::map_to_curve_hasher::MapToCurveBasedHasher;
use ark_ec::pairing::{Pairing, PairingOutput};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::PrimeField;
use ark_ff::field_hashers::DefaultFieldHasher;
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use parity_scale_codec::Encode;
use rand::RngCore;
use sha2::{Digest, Sha256};

use super::{TimelockForm, WeightVector};
use crate::keys::Hotkey;

/// The chain refuses longer commits.
pub const LONGEST_COMMIT: usize = 5000;

const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
const CIPHER_NAME: &[u8] = b"AES_GCM_";

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimelockError {
    #[error("the beacon's public key is not a point of the curve")]
    PublicKey,
    #[error("the round's signature is not a point of the curve")]
    Signature,
    #[error("the ciphertext does not have the expected layout")]
    Layout,
    #[error("the ciphertext does not open with this signature")]
    Sealed,
    #[error("the round cannot be mapped to the curve")]
    Round,
}

/// What is encrypted: SCALE of uids, values and version key, preceded in the newer form by the
/// hotkey, which must be the signer's.
pub fn commit_plaintext(form: TimelockForm, hotkey: &Hotkey, weights: &WeightVector) -> Vec<u8> {
    let mut bytes = Vec::new();
    match form {
        TimelockForm::Versioned => hotkey.public().as_slice().encode_to(&mut bytes),
        TimelockForm::Crv3 => {}
    }
    weights.uids.encode_to(&mut bytes);
    weights.values.encode_to(&mut bytes);
    weights.version_key.encode_to(&mut bytes);
    bytes
}

/// Encrypts so that the signature of `round` by the beacon with this key opens it.
pub fn encrypt(
    plaintext: &[u8],
    beacon_key: &[u8; 96],
    round: u64,
) -> Result<Vec<u8>, TimelockError> {
    let beacon_key = G2Affine::deserialize_compressed(beacon_key.as_slice())
        .map_err(|_| TimelockError::PublicKey)?;
    let mut random = rand::rng();
    let mut key = [0; 32];
    let mut seed = [0; 32];
    let mut nonce = [0; 12];
    random.fill_bytes(&mut key);
    random.fill_bytes(&mut seed);
    random.fill_bytes(&mut nonce);

    let sigma = sha256(&[&seed]);
    let r = blinding(&sigma, &key);
    let u = (G2Affine::generator() * r).into_affine();
    let shared = Bls12_381::pairing(round_point(round)?, beacon_key * r);
    let v = xor(&sigma, &mask(&shared));
    let w = xor(&key, &sha256(&[&sigma]));
    let body = Aes256Gcm::new(&key.into())
        .encrypt(Nonce::from_slice(&nonce), plaintext)
        .map_err(|_| TimelockError::Layout)?;

    let mut sealed = Vec::new();
    put_vec(&mut sealed, &body);
    put_vec(&mut sealed, &nonce);
    let mut wire = compressed(&u);
    put_vec(&mut wire, &v);
    put_vec(&mut wire, &w);
    put_vec(&mut wire, &sealed);
    put_vec(&mut wire, CIPHER_NAME);
    Ok(wire)
}

/// Opens a ciphertext with the beacon's signature of its round.
pub fn decrypt(ciphertext: &[u8], signature: &[u8; 48]) -> Result<Vec<u8>, TimelockError> {
    let signature = G1Affine::deserialize_compressed(signature.as_slice())
        .map_err(|_| TimelockError::Signature)?;
    let mut rest = ciphertext;
    let u = G2Affine::deserialize_compressed(&mut rest).map_err(|_| TimelockError::Layout)?;
    let v: [u8; 32] = take_vec(&mut rest)?
        .try_into()
        .map_err(|_| TimelockError::Layout)?;
    let w: [u8; 32] = take_vec(&mut rest)?
        .try_into()
        .map_err(|_| TimelockError::Layout)?;
    let mut sealed = take_vec(&mut rest)?;
    let body = take_vec(&mut sealed)?;
    let nonce: [u8; 12] = take_vec(&mut sealed)?
        .try_into()
        .map_err(|_| TimelockError::Layout)?;

    let sigma = xor(&v, &mask(&Bls12_381::pairing(signature, u)));
    let key = xor(&w, &sha256(&[&sigma]));
    if (G2Affine::generator() * blinding(&sigma, &key)).into_affine() != u {
        return Err(TimelockError::Sealed);
    }
    Aes256Gcm::new(&key.into())
        .decrypt(Nonce::from_slice(&nonce), body)
        .map_err(|_| TimelockError::Sealed)
}

/// Whether `signature` is the beacon's for `round`.
pub fn is_signature_of(round: u64, signature: &[u8; 48], beacon_key: &[u8; 96]) -> bool {
    let signature = G1Affine::deserialize_compressed(signature.as_slice());
    let beacon_key = G2Affine::deserialize_compressed(beacon_key.as_slice());
    match (signature, beacon_key, round_point(round)) {
        (Ok(signature), Ok(beacon_key), Ok(point)) => {
            Bls12_381::pairing(signature, G2Affine::generator())
                == Bls12_381::pairing(point, beacon_key)
        }
        _ => false,
    }
}

/// The public key to a beacon's secret, for a development chain with its own beacon.
pub fn beacon_key_of(secret: &[u8; 32]) -> [u8; 96] {
    let point: G2Projective = G2Affine::generator() * Fr::from_be_bytes_mod_order(secret);
    fixed(&compressed(&point.into_affine()))
}

/// The beacon's signature of a round, which opens everything encrypted to it.
pub fn sign_round(secret: &[u8; 32], round: u64) -> Result<[u8; 48], TimelockError> {
    let point: G1Projective = round_point(round)? * Fr::from_be_bytes_mod_order(secret);
    Ok(fixed(&compressed(&point.into_affine())))
}

/// The identity of a round: RFC 9380 hash to G1 of the SHA-256 of its number.
fn round_point(round: u64) -> Result<G1Affine, TimelockError> {
    type ToG1 =
        MapToCurveBasedHasher<G1Projective, DefaultFieldHasher<Sha256, 128>, WBMap<g1::Config>>;
    let id = sha256(&[&round.to_be_bytes()]);
    let hasher = ToG1::new(DOMAIN).map_err(|_| TimelockError::Round)?;
    hasher.hash(&id).map_err(|_| TimelockError::Round)
}

fn blinding(sigma: &[u8; 32], key: &[u8; 32]) -> Fr {
    Fr::from_be_bytes_mod_order(&sha256(&[sigma, key]))
}

/// SHA-256 over the twelve coordinates of a pairing, little-endian each.
fn mask(shared: &PairingOutput<Bls12_381>) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(576);
    shared
        .0
        .serialize_uncompressed(&mut bytes)
        .expect("a vector takes all bytes");
    sha256(&[&bytes])
}

fn compressed(point: &impl CanonicalSerialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    point
        .serialize_compressed(&mut bytes)
        .expect("a vector takes all bytes");
    bytes
}

fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes
        .try_into()
        .expect("the compressed size of a point of this group")
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

fn xor(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    std::array::from_fn(|at| left[at] ^ right[at])
}

fn put_vec(wire: &mut Vec<u8>, bytes: &[u8]) {
    wire.extend((bytes.len() as u64).to_le_bytes());
    wire.extend(bytes);
}

fn take_vec<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], TimelockError> {
    let (length, after) = rest.split_first_chunk::<8>().ok_or(TimelockError::Layout)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| TimelockError::Layout)?;
    let (bytes, after) = after
        .split_at_checked(length)
        .ok_or(TimelockError::Layout)?;
    *rest = after;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const QUICKNET: &str = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a";
    const ROUND_1000: &str = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        hex::decode(text)
            .expect("hexadecimal")
            .try_into()
            .expect("the right length")
    }

    #[test]
    fn the_public_signature_of_round_1000_is_the_beacons_for_that_round_only() {
        let (key, signature) = (bytes(QUICKNET), bytes(ROUND_1000));
        assert!(is_signature_of(1000, &signature, &key));
        assert!(!is_signature_of(1001, &signature, &key));
    }

    #[test]
    fn what_is_encrypted_to_round_1000_opens_with_its_public_signature() {
        let sealed = encrypt(b"weights", &bytes(QUICKNET), 1000).expect("a valid key");
        assert_eq!(sealed.len(), 244 + b"weights".len());
        assert_eq!(
            decrypt(&sealed, &bytes(ROUND_1000)),
            Ok(b"weights".to_vec())
        );
        let other = encrypt(b"weights", &bytes(QUICKNET), 1001).expect("a valid key");
        assert_eq!(
            decrypt(&other, &bytes(ROUND_1000)),
            Err(TimelockError::Sealed)
        );
    }

    #[test]
    fn a_beacon_of_ones_own_opens_what_was_encrypted_to_it() {
        let secret = [7; 32];
        let sealed = encrypt(b"weights", &beacon_key_of(&secret), 42).expect("a valid key");
        let signature = sign_round(&secret, 42).expect("a round");
        assert!(is_signature_of(42, &signature, &beacon_key_of(&secret)));
        assert_eq!(decrypt(&sealed, &signature), Ok(b"weights".to_vec()));
    }

    #[test]
    fn every_tampered_byte_keeps_the_ciphertext_closed() {
        let secret = [7; 32];
        let signature = sign_round(&secret, 42).expect("a round");
        let sealed = encrypt(b"weights", &beacon_key_of(&secret), 42).expect("a valid key");
        // everything before the name of the cipher, which nobody reads
        for at in [5, 95, 100, 110, 140, 180, 200, sealed.len() - 20] {
            let mut tampered = sealed.clone();
            tampered[at] ^= 1;
            assert!(decrypt(&tampered, &signature).is_err(), "byte {at}");
        }
    }

    #[test]
    fn only_the_newer_plaintext_names_the_hotkey() {
        let hotkey = Hotkey::new([9; 32]);
        let weights = WeightVector {
            netuid: 12,
            uids: vec![1],
            values: vec![65535],
            version_key: 2,
        };
        let older = commit_plaintext(TimelockForm::Crv3, &hotkey, &weights);
        assert_eq!(hex::encode(&older), "04010004ffff0200000000000000");
        let newer = commit_plaintext(TimelockForm::Versioned, &hotkey, &weights);
        assert_eq!(
            hex::encode(newer),
            format!("80{}{}", "09".repeat(32), hex::encode(older))
        );
    }

    proptest! {
        #[test]
        fn garbage_is_refused_without_a_panic(garbage in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(decrypt(&garbage, &bytes(ROUND_1000)).is_err());
        }
    }
}
