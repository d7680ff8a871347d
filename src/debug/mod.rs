//! One miner, looked at closely: a job of a user or a batch of its own, outside of any schedule.
//! Writes nothing to the database: nothing that is tried here can become weights.

mod organic;
mod prompts;
mod synthetic;
mod target;

pub use organic::run_order;
pub use prompts::{PromptsEnd, run_prompts};
pub use synthetic::run_batch_of_one;
pub use target::Target;
