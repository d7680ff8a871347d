//! The pass that writes weights: settles what an earlier pass left open, reveals what is due,
//! decides new weights from the newest batch, and sends them. What is sent is on disk first.
//! Rules: spec `weights.md`; what the chain allows is read from the chain.

mod attempt;
mod candidate;
mod decide;
mod draft;
mod error;
mod judge;
mod pass;
mod place;
mod preview;
mod reconcile;
mod reveal;
mod seal;
mod settle;
mod way;
mod window;

pub use candidate::{Candidate, Completeness, choose};
pub use decide::{Decision, Line, Standing, decide};
pub use error::WeightsError;
pub use judge::matches;
pub use pass::{Options, run};
pub use way::{WayChoice, way_for};
