//! What a validator signs to show a miner who it is.

use serde::{Deserialize, Serialize};

use super::python_json;

/// Hotkeys are texts: those of debug miners are no real addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticationPayload {
    pub validator_hotkey: String,
    pub miner_hotkey: String,
    /// Unix time in seconds; a miner refuses an old one.
    pub timestamp: i64,
}

impl AuthenticationPayload {
    /// The text that is signed.
    pub fn blob(&self) -> String {
        let value = serde_json::to_value(self).expect("texts and an integer are JSON");
        python_json::sorted(&value)
    }
}
