//! The executor classes: kinds of hardware that a miner may offer (spec: glossary).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ExecutorClass {
    SpinUp4MinGpu24Gb,
    AlwaysOnGpu24Gb,
    AlwaysOnLlmA6000,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown executor class")]
pub struct UnknownExecutorClass;

impl ExecutorClass {
    pub const ALL: [Self; 3] = [
        Self::SpinUp4MinGpu24Gb,
        Self::AlwaysOnGpu24Gb,
        Self::AlwaysOnLlmA6000,
    ];
    pub const DEFAULT: Self = Self::SpinUp4MinGpu24Gb;

    pub const fn name(self) -> &'static str {
        match self {
            Self::SpinUp4MinGpu24Gb => "spin_up-4min.gpu-24gb",
            Self::AlwaysOnGpu24Gb => "always_on.gpu-24gb",
            Self::AlwaysOnLlmA6000 => "always_on.llm.a6000",
        }
    }

    /// How long an executor of this class may take until it is ready.
    pub const fn spin_up(self) -> Duration {
        match self {
            Self::SpinUp4MinGpu24Gb => Duration::from_secs(240),
            Self::AlwaysOnGpu24Gb => Duration::ZERO,
            Self::AlwaysOnLlmA6000 => Duration::from_secs(60),
        }
    }

    pub const fn is_llm(self) -> bool {
        matches!(self, Self::AlwaysOnLlmA6000)
    }
}

impl fmt::Display for ExecutorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for ExecutorClass {
    type Err = UnknownExecutorClass;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|class| class.name() == text)
            .ok_or(UnknownExecutorClass)
    }
}

impl Serialize for ExecutorClass {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for ExecutorClass {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
