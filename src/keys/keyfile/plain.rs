//! The unencrypted content: a JSON object, or a public key in hexadecimal.
//! The first usable entry decides; what stands beside it is not looked at, as in the wallet.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{KeyfileError, LoadedKey};
use crate::keys::{Hotkey, Keypair};

const SEED: &str = "secretSeed";
const PHRASE: &str = "secretPhrase";
const PRIVATE: &str = "privateKey";
const ADDRESS: &str = "ss58Address";

pub(super) fn decode(content: &[u8]) -> Result<LoadedKey, KeyfileError> {
    let text = std::str::from_utf8(content).map_err(|_| KeyfileError::UnknownForm)?;
    // raw values borrow from the text: no copy of a secret is left behind by the parser
    match serde_json::from_str::<BTreeMap<String, &RawValue>>(text) {
        Ok(entries) => from_entries(&entries),
        Err(_) => from_public(text.trim_ascii()),
    }
}

fn from_public(text: &str) -> Result<LoadedKey, KeyfileError> {
    if !text.starts_with("0x") {
        return Err(KeyfileError::UnknownForm);
    }
    let public = bytes::<32>("public key", text)?;
    Ok(LoadedKey::PublicOnly(Hotkey::new(*public)))
}

fn from_entries(entries: &BTreeMap<String, &RawValue>) -> Result<LoadedKey, KeyfileError> {
    let entry = |name: &'static str| {
        let raw = entries.get(name).filter(|raw| raw.get() != "null")?;
        let text = serde_json::from_str::<String>(raw.get()).map(Zeroizing::new);
        Some(text.map_err(|_| KeyfileError::Malformed { entry: name }))
    };
    if let Some(seed) = entry(SEED) {
        let seed = bytes::<32>(SEED, &seed?)?;
        Ok(LoadedKey::Signing(Keypair::from_seed(&seed)))
    } else if let Some(phrase) = entry(PHRASE) {
        Ok(LoadedKey::Signing(Keypair::from_phrase(&phrase?)?))
    } else if let Some(secret) = entry(PRIVATE) {
        let secret = bytes::<64>(PRIVATE, &secret?)?;
        Ok(LoadedKey::Signing(Keypair::from_secret(&secret)?))
    } else if let Some(address) = entry(ADDRESS) {
        let hotkey = address?
            .parse()
            .map_err(|_| KeyfileError::Malformed { entry: ADDRESS })?;
        Ok(LoadedKey::PublicOnly(hotkey))
    } else {
        Err(KeyfileError::NothingUsable)
    }
}

fn bytes<const N: usize>(
    entry: &'static str,
    text: &str,
) -> Result<Zeroizing<[u8; N]>, KeyfileError> {
    let mut bytes = Zeroizing::new([0; N]);
    hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut *bytes)
        .map_err(|_| KeyfileError::Malformed { entry })?;
    Ok(bytes)
}
