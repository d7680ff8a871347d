//! Backups: the live database copied, checked, packed and kept here and elsewhere; what there is;
//! and the way back (spec: backup).
//!
//! A backup is one file, `db_dump_{time}.sqlite.zst`, with its SHA-256 beside it. What is sent
//! away may be encrypted for age recipients besides, and then ends with `.age`.

mod bucket;
mod error;
mod folder;
mod letter;
mod listing;
mod make;
mod meter;
mod name;
mod pack;
mod pass;
mod restore;
mod retention;
mod source;
mod sum;
mod target;
mod unpack;
mod verify;

pub use error::BackupError;
pub use listing::{Listed, Listing, Place, count, list};
pub use name::BackupName;
pub use pass::{Options, run};
pub use restore::{Replaced, restore};
pub use source::{NoWanted, Wanted};
pub use sum::parse_sum_line;
pub use unpack::database_in;
pub use verify::{Verified, verify};
