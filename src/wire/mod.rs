//! Messages on the wire and the exact texts that are signed.

pub mod event;
