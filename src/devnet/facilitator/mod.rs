//! A facilitator on loopback: the whole server side of users' jobs, with a choice of
//! misbehaviours. It hands out what it is told to, and remembers what it hears.

mod behaviour;
mod config;
mod desk;
mod door;
mod ledger;
mod malformed;
mod order;
mod reply;
mod server;
mod session;

pub use behaviour::{After, Behaviour, Which};
pub use config::FacilitatorConfig;
pub use ledger::{Ledger, ReceivedUpdate, Versions};
pub use order::Order;
pub use server::Facilitator;
