//! Passes of the real binary, killed at every point that the library marks (`failpoint`): before
//! and after each commit of the database, each extrinsic, each message to a miner and each HTTP
//! request. Whatever the next passes find, nothing is lost and nothing is done twice (architecture,
//! "Writing to the outside"); only events, which may be told twice, are.

mod backup;
mod batches;
mod host;
mod prompts;
mod receipts;
mod relay;
mod services;
mod upkeep;
mod weights;
