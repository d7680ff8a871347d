//! Passes of the real binary, killed at every point that the library marks (`failpoint`): before
//! and after each commit of the database, each extrinsic and each message to a miner. Whatever the
//! next passes find, nothing is lost and nothing is done twice (architecture, "Writing to the
//! outside").

mod batches;
mod host;
mod receipts;
mod weights;
