//! What every subcommand needs, in one place: the store brought up to date, the pass's lock, a
//! span, a row with start, end and outcome, and one closed type for everything that can fail.

mod chain;
mod failure;
mod lock;
mod miners;
mod outcome;
mod ping;
mod progress;
mod run;
mod wallet;

pub use chain::ChainAccess;
pub use failure::Failure;
pub use lock::{Lock, LockError, LockName};
pub use miners::{metagraph, miners_in, serving};
pub use outcome::Outcome;
pub use ping::Ping;
pub use progress::Progress;
pub use run::{Frame, Pass, run, run_with_grace};
pub use wallet::{WalletError, load_hotkey};

/// Version and commit of this program, as `horde --version` shows them.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("HORDE_COMMIT"), ")");
