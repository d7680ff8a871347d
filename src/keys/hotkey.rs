//! The public half of a key: what the field calls a hotkey.
//! Its text is SS58 with prefix 42, the only prefix of this subnet. No secrets here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subxt::utils::AccountId32;

/// 32 bytes in base 58 with prefix and checksum are never longer; longer text is not decoded.
const LONGEST_TEXT: usize = 50;

/// The sr25519 public key of a validator or miner.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hotkey([u8; 32]);

impl Hotkey {
    pub const fn new(public: [u8; 32]) -> Self {
        Self(public)
    }

    pub const fn public(&self) -> &[u8; 32] {
        &self.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an ss58 address with prefix 42")]
pub struct HotkeyError;

impl fmt::Display for Hotkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&AccountId32(self.0).to_string())
    }
}

impl fmt::Debug for Hotkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hotkey {
    type Err = HotkeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > LONGEST_TEXT {
            return Err(HotkeyError);
        }
        let account = AccountId32::from_str(text).map_err(|_| HotkeyError)?;
        // the decoder takes any prefix; writing the account again only gives prefix 42
        if account.to_string() == text {
            Ok(Self(account.0))
        } else {
            Err(HotkeyError)
        }
    }
}

impl Serialize for Hotkey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hotkey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    #[test]
    fn an_address_reads_back_as_itself() {
        let hotkey: Hotkey = ALICE.parse().expect("the well-known address of Alice");
        assert_eq!(hotkey.to_string(), ALICE);
    }

    #[test]
    fn another_networks_prefix_is_refused() {
        let polkadot = "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5";
        assert_eq!(polkadot.parse::<Hotkey>(), Err(HotkeyError));
    }

    #[test]
    fn a_mistyped_address_is_refused() {
        let mistyped = ALICE.replace("QY", "QZ");
        assert_eq!(mistyped.parse::<Hotkey>(), Err(HotkeyError));
    }
}
