//! A whole subnet in one process on loopback: a node and miners. A feature of the product: it lets
//! an operator rehearse everything, without a token at stake.

pub mod accounts;
mod cast;
pub mod miner;
pub mod node;
mod subnet;

pub use cast::{Character, cast};
pub use subnet::{Inhabitant, Plan, Subnet, SubnetError};
