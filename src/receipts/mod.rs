//! Receipts that miners publish: fetched from all of them at once, checked on all cores, kept.
//!
//! Everything that a miner sends is a stranger's: a file is read in pieces and never held as a
//! whole, a row that does not fit is refused and counted, and what one miner sends costs the
//! others nothing but their share of the cores (spec: receipts).

mod check;
mod download;
mod fetch;
mod file;
mod limits;
mod pass;
mod records;
mod report;
mod row;
mod standing;

pub use check::{Checked, check};
pub use fetch::fetch_all;
pub use file::FileReader;
pub use limits::Limits;
pub use pass::run;
pub use report::{Failed, Report, Rows};
pub use row::{Candidate, Refusal};
