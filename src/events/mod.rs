//! The pass that sends system events to the stats collector. What an event is stands in `wire`,
//! where it waits in `store`.
//!
//! Each event arrives at least once: it counts as sent only after the collector has said so, and a
//! pass that is killed between the two sends it again.

mod batch;
mod error;
mod pass;
mod request;

pub use error::SendError;
pub use pass::{LIMITS, run};
pub use request::{headers, url};
