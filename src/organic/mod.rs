//! Jobs of users: taken from the facilitator, driven on one miner each, reported.

mod addresses;
mod desk;
mod drive;
mod ended;
mod order;
mod relay;
mod tell;

pub use drive::{Limits, Step, drive};
pub use ended::{Ended, Mishap, Verdict};
pub use order::{Order, input_volume, output_upload};
pub use relay::{Options, run};
