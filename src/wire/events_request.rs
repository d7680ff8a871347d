//! What a validator signs to show the stats collector whose events it sends.

use serde::{Deserialize, Serialize};

use super::python_json;
use crate::keys::Hotkey;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsRequest {
    /// Unix time in seconds; a collector refuses an old one.
    pub signing_timestamp: i64,
    pub validator_ss58_address: Hotkey,
}

impl EventsRequest {
    /// The text that is signed.
    pub fn blob(&self) -> String {
        let value = serde_json::to_value(self).expect("an address and an integer are JSON");
        python_json::sorted(&value)
    }
}
