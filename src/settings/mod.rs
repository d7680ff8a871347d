//! The environment, read once and parsed into types. Names, defaults and meanings stand in one
//! table; `horde config` shows it. Source: spec `configuration.md`.

mod environment;
mod groups;
mod variables;

pub(crate) use environment::parse_switch;
pub use environment::{Environment, SettingsError, Source};
pub use groups::{DebugMiners, HordeScore, WalletPlace};
pub use variables::{Kind, VARIABLES, Variable};
