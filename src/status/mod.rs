//! What an operator wants to know at once: is it serving, what happened last, what is due, what is
//! wrong and what to do. Read from the database alone, so that it answers when all else is down.

mod due;
mod problem;
mod report;

pub use due::{Act, Due};
pub use problem::{PERIODS, Problem, present_end};
pub use report::{
    BackupStatus, BatchStatus, ChainStatus, DatabaseStatus, FacilitatorStatus, LastRun, PassStatus,
    RestoredStatus, Status, WeightsStatus,
};
