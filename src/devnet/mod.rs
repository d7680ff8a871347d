//! A whole subnet in one process on loopback: a node, miners, a facilitator and a bucket server. A feature of the product: it lets
//! an operator rehearse everything, without a token at stake.

pub mod accounts;
pub mod bucket;
mod cast;
pub mod facilitator;
pub mod miner;
pub mod node;
mod subnet;
mod users;

pub use cast::{Character, cast};
pub use subnet::{Inhabitant, Plan, Subnet, SubnetError};
