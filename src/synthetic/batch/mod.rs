//! One batch: all miners of the subnet are tested at the same time, in stages that are barriers,
//! so that no miner profits from being asked later (spec: synthetic).
//! Speaks to miners only; reads no clock but its own, and touches no database.

mod asked;
mod events;
mod generate;
mod input;
mod job;
mod limits;
mod llm;
mod patience;
mod record;
mod run;
mod score;
mod share;
mod telemetry;

pub use input::BatchInput;
pub use limits::Limits;
pub use llm::PromptSupply;
pub use record::BatchResult;
pub use run::{run_batch, run_batch_with_prompts};
