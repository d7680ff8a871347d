//! Dynamic parameters of the subnet: names, types, defaults, and the values in force.
//!
//! The subnet owner publishes them for all validators; an operator may pin one. Fetching the
//! document and storing its values is the business of others.

mod accessors;
mod naming;
mod overview;
pub mod published;
mod resolved;
mod table;
mod weights_version;

pub use naming::{NamingError, idle_parts, named};
pub use overview::{InForce, in_force, overview};
pub use resolved::{Override, Params, Source, Warning};
pub use table::{Parameter, Setting, TABLE, WrongValue, parameter};
pub use weights_version::{UnknownWeightsVersion, WeightsVersion};
