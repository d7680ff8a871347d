//! Everything that Prometheus may know of this validator, read from the database and handed out as
//! text: to stdout, to a file for node_exporter, or in one exchange over a connection.
//! Counts what others have stored (`store::metrics`); measures nothing itself.

mod catalogue;
mod error;
mod exchange;
mod families;
mod gauges;
mod identity;
mod textfile;

pub use catalogue::{CATALOGUE, Described, Kind};
pub use error::MetricsError;
pub use exchange::{answer, exchange};
pub use families::text;
pub use identity::Identity;
pub use textfile::write;
