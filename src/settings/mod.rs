//! The environment, read once and parsed into types.
