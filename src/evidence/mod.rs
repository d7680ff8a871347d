//! Why a miner got its weight: from a weight back to each job, its answer, its times, and the rule
//! that made it. Everything that is known of one thing, or the newest things of a kind, as one
//! type. Reads the database alone and changes nothing in it; how it is shown is not known here.

mod batch;
mod cell;
mod document;
mod error;
mod event;
mod job;
mod miner;
mod organic;
mod pass;
mod receipt;
mod rule;
mod share;
mod steps;
mod weights;

pub use batch::{batch, batches};
pub use document::{Evidence, Table};
pub use error::EvidenceError;
pub use event::{event, events};
pub use job::{job, jobs};
pub use miner::miner;
pub use organic::{organic_job, organic_jobs};
pub use pass::{pass, passes};
pub use receipt::{receipts, receipts_of_job};
pub use weights::{all_weights, weights};
