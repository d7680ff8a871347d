//! The hardware of an executor as its miner describes it: kept as text, never interpreted.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MachineSpecs {
    pub job_uuid: String,
    pub specs: Specs,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Specs {
    /// A JSON object. Raw, because a parsed one takes up to thirty times the memory.
    #[serde(deserialize_with = "object")]
    pub specs: Box<RawValue>,
}

fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<RawValue>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if raw.get().starts_with('{') {
        Ok(raw)
    } else {
        Err(serde::de::Error::custom("specs are an object"))
    }
}
