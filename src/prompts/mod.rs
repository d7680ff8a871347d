//! Prompts for LLM executors.

pub(crate) mod fetch;
