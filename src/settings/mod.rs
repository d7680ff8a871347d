//! The environment, read once and parsed into types. Names, defaults and meanings stand in one
//! table; `horde config` shows it. Source: spec `configuration.md`.

mod backup;
mod bucket_name;
mod env_file;
mod environment;
mod groups;
mod secret;
mod storage;
mod variables;

pub use backup::{B2Access, MailAccess, MailEncryption, Retention};
pub use bucket_name::{BucketName, NoBucketName};
pub(crate) use environment::parse_switch;
pub use environment::{Environment, SettingsError, Source};
pub use groups::{DebugMiners, HordeScore, WalletPlace};
pub use secret::{MASK, Secret};
pub use storage::{PromptBuckets, SignatureVersion, StorageAccess, TrustedMiner};
pub use variables::{Kind, VARIABLES, Variable};
