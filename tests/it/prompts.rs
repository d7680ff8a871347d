//! Prompts for LLM executors, from the trusted miner to the scores: the real passes against
//! buckets and miners on loopback, honest and not.

mod batch;
mod debug;
mod passes;
mod pipeline;
mod scene;
mod supply;
