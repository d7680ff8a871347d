//! The one table of all dynamic parameters, and what counts as a value of each.
//! (spec: configuration, "Dynamic parameters")

use std::fmt;

use serde_json::Value;

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    Switch(bool),
    Integer(i64),
    Decimal(f64),
    Text(String),
}

/// How the names of parameters begin that the subnet owner publishes.
pub(super) const PUBLISHED_PREFIX: &str = "DYNAMIC_";
/// In bytes; no list of executor classes comes near it.
const LONGEST_TEXT: usize = 4096;

/// One parameter: what it is called, what it means, what it may be.
#[derive(Debug)]
pub struct Parameter {
    pub name: &'static str,
    /// One line for an operator, with the unit.
    pub meaning: &'static str,
    kind: Kind,
}

/// Type, default and, for numbers, the values that make sense. Bounds are inclusive.
#[derive(Debug)]
enum Kind {
    Switch { default: bool },
    Integer { default: i64, min: i64, max: i64 },
    Decimal { default: f64, min: f64, max: f64 },
    Text { default: &'static str },
}

/// Why a value is not one of its parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} must be {expected}, not `{found}`")]
pub struct WrongValue {
    pub name: &'static str,
    pub expected: String,
    /// Shortened when it is long.
    pub found: String,
}

impl Parameter {
    pub fn default(&self) -> Setting {
        match self.kind {
            Kind::Switch { default } => Setting::Switch(default),
            Kind::Integer { default, .. } => Setting::Integer(default),
            Kind::Decimal { default, .. } => Setting::Decimal(default),
            Kind::Text { default } => Setting::Text(default.to_owned()),
        }
    }

    /// Only the subnet's own parameters can be published; the others are this server's.
    pub fn is_published(&self) -> bool {
        self.name.starts_with(PUBLISHED_PREFIX)
    }

    /// Reads a value as it stands in the published document or the database.
    ///
    /// # Errors
    /// Another type, a number out of range, or a text without end.
    pub fn read(&self, value: &Value) -> Result<Setting, WrongValue> {
        let setting = match self.kind {
            Kind::Switch { .. } => value.as_bool().map(Setting::Switch),
            Kind::Integer { min, max, .. } => value
                .as_i64()
                .filter(|n| (min..=max).contains(n))
                .map(Setting::Integer),
            Kind::Decimal { min, max, .. } => value
                .as_f64()
                .filter(|n| (min..=max).contains(n))
                .map(Setting::Decimal),
            Kind::Text { .. } => value
                .as_str()
                .filter(|text| text.len() <= LONGEST_TEXT)
                .map(|text| Setting::Text(text.to_owned())),
        };
        setting.ok_or_else(|| self.refuse(&value.to_string()))
    }

    pub(super) fn refuse(&self, found: &str) -> WrongValue {
        WrongValue {
            name: self.name,
            expected: self.kind.to_string(),
            found: found.chars().take(64).collect(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch { .. } => write!(out, "true or false"),
            Self::Integer { min, max, .. } => write!(out, "a whole number from {min} to {max}"),
            Self::Decimal { min, max, .. } => write!(out, "a number from {min} to {max}"),
            Self::Text { .. } => write!(out, "a text of at most {LONGEST_TEXT} bytes"),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(value) => value.fmt(out),
            Self::Integer(value) => value.fmt(out),
            Self::Decimal(value) => value.fmt(out),
            Self::Text(value) => value.fmt(out),
        }
    }
}

impl From<&Setting> for Value {
    fn from(setting: &Setting) -> Self {
        match setting {
            Setting::Switch(value) => (*value).into(),
            Setting::Integer(value) => (*value).into(),
            Setting::Decimal(value) => (*value).into(),
            Setting::Text(value) => value.as_str().into(),
        }
    }
}

/// The parameter of that name.
pub fn parameter(name: &str) -> Option<&'static Parameter> {
    TABLE.iter().find(|parameter| parameter.name == name)
}

/// Blocks and seconds that any sane configuration stays below: a month.
const MONTH_BLOCKS: i64 = 216_000;
const MONTH_SECONDS: i64 = 2_592_000;
const MANY: i64 = 1_000_000;

const fn switch(name: &'static str, default: bool, meaning: &'static str) -> Parameter {
    Parameter {
        name,
        meaning,
        kind: Kind::Switch { default },
    }
}

const fn integer(
    name: &'static str,
    default: i64,
    (min, max): (i64, i64),
    meaning: &'static str,
) -> Parameter {
    Parameter {
        name,
        meaning,
        kind: Kind::Integer { default, min, max },
    }
}

const fn decimal(
    name: &'static str,
    default: f64,
    (min, max): (f64, f64),
    meaning: &'static str,
) -> Parameter {
    Parameter {
        name,
        meaning,
        kind: Kind::Decimal { default, min, max },
    }
}

const fn text(name: &'static str, default: &'static str, meaning: &'static str) -> Parameter {
    Parameter {
        name,
        meaning,
        kind: Kind::Text { default },
    }
}

/// All parameters, in the order in which an operator sees them.
#[rustfmt::skip]
pub static TABLE: &[Parameter] = &[
    switch("SERVING", true, "take part: run batches, set weights, take jobs of users"),
    decimal("DYNAMIC_MANIFEST_SCORE_MULTIPLIER", 1.05, (0.0, 1e3), "factor on the scores of a horde that has danced"),
    decimal("DYNAMIC_MANIFEST_DANCE_RATIO_THRESHOLD", 1.4, (1.0, 1e6), "ratio of two horde sizes that counts as a dance"),
    integer("DYNAMIC_WEIGHTS_VERSION", 1, (0, 4), "which synthetic jobs are sent and how they are scored"),
    integer("DYNAMIC_SYNTHETIC_JOBS_FLOW_VERSION", 1, (0, MANY), "kept, without effect"),
    integer("DYNAMIC_SYNTHETIC_JOBS_PLANNER_WAIT_IN_ADVANCE_BLOCKS", 3, (0, MONTH_BLOCKS), "blocks before its start at which a batch is picked up"),
    decimal("DYNAMIC_SYNTHETIC_JOBS_PLANNER_POLL_INTERVAL", 4.0, (0.05, 3_600.0), "seconds between looks at the height of the chain"),
    integer("DYNAMIC_SYNTHETIC_JOBS_PLANNER_MAX_OVERSLEEP_BLOCKS", 3, (0, MONTH_BLOCKS), "blocks after its start until which a batch may still begin"),
    integer("DYNAMIC_BLOCK_FINALIZATION_NUMBER", 3, (0, MONTH_BLOCKS), "blocks from the one whose hash shuffles the validators to the cycle"),
    switch("DYNAMIC_COMMIT_REVEAL_WEIGHTS_ENABLED", true, "commit and reveal weights instead of setting them"),
    integer("DYNAMIC_COMMIT_REVEAL_WEIGHTS_INTERVAL", 722, (1, MONTH_BLOCKS), "blocks of one commit and reveal interval"),
    integer("DYNAMIC_COMMIT_REVEAL_COMMIT_START_OFFSET", 361, (0, MONTH_BLOCKS), "blocks from the interval's start to its commit window"),
    integer("DYNAMIC_COMMIT_REVEAL_COMMIT_END_BUFFER", 15, (0, MONTH_BLOCKS), "blocks left free after the commit window"),
    integer("DYNAMIC_COMMIT_REVEAL_REVEAL_END_BUFFER", 15, (0, MONTH_BLOCKS), "blocks left free after the reveal window"),
    integer("DYNAMIC_MAX_WEIGHT", 65_535, (1, 65_535), "the largest committed weight"),
    integer("DYNAMIC_WEIGHT_REVEALING_TTL", 120, (1, MONTH_SECONDS), "seconds for one attempt to reveal"),
    integer("DYNAMIC_WEIGHT_REVEALING_HARD_TTL", 125, (1, MONTH_SECONDS), "not used: an attempt to reveal ends by REVEALING_TTL"),
    integer("DYNAMIC_WEIGHT_REVEALING_ATTEMPTS", 50, (1, MANY), "attempts to reveal"),
    integer("DYNAMIC_WEIGHT_REVEALING_FAILURE_BACKOFF", 5, (0, MONTH_SECONDS), "seconds between attempts to reveal"),
    integer("DYNAMIC_MAX_PROMPT_SERIES", 3_500, (0, MANY), "prompt series that are kept"),
    integer("DYNAMIC_TARGET_NUMBER_OF_PROMPT_SAMPLES_READY", 1_536, (0, MANY), "answered prompt samples kept in store"),
    integer("DYNAMIC_NUMBER_OF_PROMPTS_PER_WORKLOAD", 240, (1, MANY), "prompts in one workload for the trusted miner"),
    integer("DYNAMIC_PROMPTS_SERIES_IN_A_SINGLE_GENERATION", 25, (1, MANY), "series asked for in one generation"),
    integer("DYNAMIC_NUMBER_OF_PROMPTS_IN_SERIES", 240, (1, MANY), "prompts in one series"),
    integer("DYNAMIC_NUMBER_OF_PROMPTS_TO_SAMPLE_FROM_SERIES", 1, (1, MANY), "prompts of a series whose answers are compared"),
    text("DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS", "always_on.llm.a6000=2", "executors of a class that count for one miner"),
    text("DYNAMIC_EXECUTOR_CLASS_WEIGHTS", "spin_up-4min.gpu-24gb=99,always_on.llm.a6000=1", "weight of each executor class"),
];
