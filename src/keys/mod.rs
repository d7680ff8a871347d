//! Hotkeys, signatures and the file forms a hotkey comes in.

mod claims;
mod hotkey;
pub mod keyfile;
mod keypair;
mod signature;

pub use claims::{Claim, verify_all};
pub use hotkey::{Hotkey, HotkeyError};
pub use keypair::{KeyError, Keypair};
pub use signature::{Signature, SignatureError, verify};
