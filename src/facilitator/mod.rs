//! The websocket to the facilitator, which hands out the jobs of users (spec: organic jobs).
//!
//! A [`Line`] keeps itself up: it connects, says who it is, sends heartbeats, notices a peer that
//! is half dead, and begins anew with growing delays. It passes on what is said in both
//! directions and proves what was delivered; what that means is not known here.

mod backoff;
mod connection;
mod error;
mod limits;
mod line;

pub use error::FacilitatorError;
pub use limits::Limits;
pub use line::{Caller, Epoch, Line, LineEvent, Outgoing};
