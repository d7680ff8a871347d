//! A facilitator on loopback: the whole server side of users' jobs, with a choice of
//! misbehaviours. It hands out what it is told to, and remembers what it hears. On the same port are
//! a stats collector and the published parameters.

mod behaviour;
mod collector;
mod config;
mod desk;
mod door;
mod ledger;
mod malformed;
mod order;
mod published;
mod reply;
mod server;
mod session;

pub use behaviour::{After, Behaviour, Which};
pub use config::FacilitatorConfig;
pub use ledger::{Ledger, ReceivedUpdate, Versions};
pub use order::Order;
pub use server::Facilitator;
