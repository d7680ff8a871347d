//! The `horde` command line.

fn main() {}
