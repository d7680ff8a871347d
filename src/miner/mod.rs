//! The websocket to one miner: hundreds of them are open at once, each to a stranger.
//!
//! Memory is bounded by what is kept, not by what is sent. What a validator waits for is far
//! smaller than 64 KiB (honest miners cut outputs at 1000 characters), so only up to that size is
//! a message buffered freely. Larger ones, up to the protocol's 50 MiB, share one budget for all
//! miners; a message that finds no room is read and thrown away, and counts as unreadable.
//! Nothing that decides a score can thus be pushed out by another miner.

mod address;
mod budget;
mod client;
mod clock;
mod inbox;
mod limits;
mod link;
mod manifest;
mod sieve;
mod tap;

pub use address::{MinerAddress, MinerAddressError};
pub use budget::LargeMessages;
pub use client::{Closed, MinerClient, SendTimes};
pub use clock::{Clock, Moment};
pub use inbox::{
    Acceptance, CloseReason, Final, Inbox, JobAnswers, ManifestAnswer, Next, Readiness, Timed,
};
pub use limits::Limits;
pub use link::Caller;
pub use manifest::{Executors, UnusableManifest, capped};
pub use sieve::Sieve;
pub use tap::{Heard, Speaker, Tap};
