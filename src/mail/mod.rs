//! Mail that goes out: one message, plain text with at most one attachment, handed to the server
//! that the settings name. The only place that knows lettre; its types stay in here. What is
//! written, to whom and how much may be attached is decided elsewhere.

mod envelope;
mod error;
mod letter;
mod send;
mod session;

pub use error::{Asked, MailError};
pub use letter::{Attachment, Mail};
pub use send::{Limits, check, send, send_within};
