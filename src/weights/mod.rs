//! Set, commit or reveal weights, whichever is due.
