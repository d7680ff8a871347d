//! Who lives on the local subnet: miners of different character, so that every rule of scoring
//! can be seen at work.

use std::time::Duration;

use super::miner::{Behaviour, Cheat};
use super::subnet::CLASS;
use crate::wire::ExecutorClass;

/// One miner of the local subnet.
#[derive(Clone, Debug)]
pub struct Character {
    pub name: &'static str,
    /// Executors that it claims.
    pub executors: i64,
    pub class: ExecutorClass,
    pub behaviour: Behaviour,
}

const fn character(name: &'static str, executors: i64, behaviour: Behaviour) -> Character {
    Character {
        name,
        executors,
        class: CLASS,
        behaviour,
    }
}

const fn llm(name: &'static str, executors: i64, behaviour: Behaviour) -> Character {
    Character {
        name,
        executors,
        class: ExecutorClass::AlwaysOnLlmA6000,
        behaviour,
    }
}

/// The usual inhabitants. `late` is more than a job may take.
pub fn cast(late: Duration) -> Vec<Character> {
    vec![
        character("honest, 1 executor", 1, Behaviour::Honest),
        character("honest, 2 executors", 2, Behaviour::Honest),
        character("honest, 4 executors", 4, Behaviour::Honest),
        character("honest, 8 executors", 8, Behaviour::Honest),
        character("dancing: 2, then 4", 2, Behaviour::Dancing(vec![2, 4])),
        character("declines every job", 2, Behaviour::Declines),
        character("answers late", 2, Behaviour::Late(late)),
        character("answers wrong", 2, Behaviour::Wrong),
        character("silent from the start", 2, Behaviour::SilentAtManifest),
        character("silent once asked", 2, Behaviour::SilentAtJob),
        character(
            "garbage between frames",
            2,
            Behaviour::Garbage {
                is_honest_between: true,
            },
        ),
        character(
            "garbage only",
            2,
            Behaviour::Garbage {
                is_honest_between: false,
            },
        ),
        character("answers out of order", 2, Behaviour::OutOfOrder),
        character("answers of 8 MiB", 2, Behaviour::Huge { mebibytes: 8 }),
        character("claims a billion", 2, Behaviour::HugeManifest),
        character("overwrites its answer", 2, Behaviour::Overwrites),
        llm("LLM, honest", 2, Behaviour::Honest),
        llm(
            "LLM, wrong answers",
            1,
            Behaviour::Cheats(Cheat::WrongAnswers),
        ),
        llm(
            "LLM, uploads nothing",
            1,
            Behaviour::Cheats(Cheat::NoUpload),
        ),
    ]
}
