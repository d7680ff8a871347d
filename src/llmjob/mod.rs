//! LLM jobs: what is drawn from files of prompts, what a miner is asked, how its answers are read
//! and compared with those that are known. Pure (spec: prompts; synthetic, "LLM jobs").

mod answers;
mod compare;
mod draw;
mod job;

pub use answers::{AnswerReader, UnreadableAnswers};
pub use compare::{Compared, KnownAnswer, Verdict, compare, finding};
pub use draw::{draw, is_prompt};
pub use job::{Generation, LlmJob};
