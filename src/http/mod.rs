//! HTTP to services and to strangers: requests whose answers are bounded in size and time, and
//! errors that never show the address, which may hold credentials. Knows no service.

mod body;
mod client;
mod error;
mod movement;

pub use body::Body;
pub(crate) use client::Request;
pub use client::{Client, Limits};
pub use error::HttpError;
