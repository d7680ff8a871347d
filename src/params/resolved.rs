//! The values in force: pinned, else published, else default.
//! A value that is not one of its parameter is passed over with a warning.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use serde_json::Value;

use super::WeightsVersion;
use super::table::{Parameter, Setting, TABLE, WrongValue, parameter};
use crate::schedule::CommitWindows;
use crate::scoring::{class_weights, executor_caps};
use crate::wire::ExecutorClass;

/// Where a value comes from; the later one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Default,
    Published,
    Pinned,
}

impl Source {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Published => "published",
            Self::Pinned => "pinned",
        }
    }
}

/// One stored value of one parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    pub name: String,
    pub source: Source,
    pub value: Value,
}

/// Why a stored value is not in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    #[error("unknown parameter `{0}`")]
    Unknown(String),
    #[error("`{0}` cannot be published")]
    LocalOnly(&'static str),
    #[error(transparent)]
    Wrong(#[from] WrongValue),
}

/// All parameters with their values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params {
    overrides: BTreeMap<&'static str, (Setting, Source)>,
}

impl Params {
    /// `overrides` may come in any order; of several from one source the last counts.
    pub fn from_overrides(overrides: impl IntoIterator<Item = Override>) -> (Self, Vec<Warning>) {
        let mut params = Self::default();
        let mut warnings = Vec::new();
        for one in overrides {
            if let Err(warning) = params.apply(&one) {
                warnings.push(warning);
            }
        }
        (params, warnings)
    }

    fn apply(&mut self, one: &Override) -> Result<(), Warning> {
        let parameter = parameter(&one.name)
            .ok_or_else(|| Warning::Unknown(one.name.chars().take(64).collect()))?;
        if one.source == Source::Published && !parameter.is_published() {
            return Err(Warning::LocalOnly(parameter.name));
        }
        let setting = parameter.read(&one.value)?;
        let held = self
            .overrides
            .get(parameter.name)
            .map(|(_, source)| *source);
        if held.is_none_or(|held| held <= one.source) {
            self.overrides.insert(parameter.name, (setting, one.source));
        }
        Ok(())
    }

    /// Every parameter with its value and where that comes from.
    pub fn all(&self) -> impl Iterator<Item = (&'static Parameter, Setting, Source)> {
        TABLE.iter().map(|parameter| {
            let held = self.overrides.get(parameter.name).cloned();
            let (setting, source) = held.unwrap_or((parameter.default(), Source::Default));
            (parameter, setting, source)
        })
    }

    fn get(&self, name: &str) -> Setting {
        if let Some((setting, _)) = self.overrides.get(name) {
            return setting.clone();
        }
        parameter(name).expect("a name of the table").default()
    }

    fn switch(&self, name: &str) -> bool {
        matches!(self.get(name), Setting::Switch(true))
    }

    fn integer(&self, name: &str) -> i64 {
        match self.get(name) {
            Setting::Integer(value) => value,
            other => unreachable!("{name} is a whole number in the table, not {other}"),
        }
    }

    fn decimal(&self, name: &str) -> f64 {
        match self.get(name) {
            Setting::Decimal(value) => value,
            other => unreachable!("{name} is a number in the table, not {other}"),
        }
    }

    fn text(&self, name: &str) -> String {
        self.get(name).to_string()
    }

    fn unsigned(&self, name: &str) -> u32 {
        self.integer(name)
            .try_into()
            .expect("the table's bounds fit 32 bits")
    }

    fn seconds(&self, name: &str) -> Duration {
        Duration::from_secs(self.unsigned(name).into())
    }

    /// Whether this server takes part; a migrating one only once it is told to.
    pub fn is_serving(&self, is_migrating: bool) -> bool {
        match self.overrides.get("SERVING") {
            Some(_) => self.switch("SERVING"),
            None => !is_migrating,
        }
    }

    pub fn manifest_score_multiplier(&self) -> f64 {
        self.decimal("DYNAMIC_MANIFEST_SCORE_MULTIPLIER")
    }

    pub fn manifest_dance_ratio_threshold(&self) -> f64 {
        self.decimal("DYNAMIC_MANIFEST_DANCE_RATIO_THRESHOLD")
    }

    pub fn weights_version(&self) -> WeightsVersion {
        self.integer("DYNAMIC_WEIGHTS_VERSION")
            .try_into()
            .expect("bounded by the table")
    }

    pub fn wait_in_advance_blocks(&self) -> i64 {
        self.integer("DYNAMIC_SYNTHETIC_JOBS_PLANNER_WAIT_IN_ADVANCE_BLOCKS")
    }

    pub fn poll_interval(&self) -> Duration {
        Duration::from_secs_f64(self.decimal("DYNAMIC_SYNTHETIC_JOBS_PLANNER_POLL_INTERVAL"))
    }

    pub fn max_oversleep_blocks(&self) -> i64 {
        self.integer("DYNAMIC_SYNTHETIC_JOBS_PLANNER_MAX_OVERSLEEP_BLOCKS")
    }

    pub fn block_finalization_number(&self) -> i64 {
        self.integer("DYNAMIC_BLOCK_FINALIZATION_NUMBER")
    }

    pub fn is_commit_reveal_enabled(&self) -> bool {
        self.switch("DYNAMIC_COMMIT_REVEAL_WEIGHTS_ENABLED")
    }

    pub fn commit_windows(&self) -> CommitWindows {
        let interval = self.unsigned("DYNAMIC_COMMIT_REVEAL_WEIGHTS_INTERVAL");
        CommitWindows {
            interval_length: NonZeroU32::new(interval).expect("the table's bounds leave out 0"),
            commit_start_offset: self.unsigned("DYNAMIC_COMMIT_REVEAL_COMMIT_START_OFFSET"),
            commit_end_buffer: self.unsigned("DYNAMIC_COMMIT_REVEAL_COMMIT_END_BUFFER"),
            reveal_end_buffer: self.unsigned("DYNAMIC_COMMIT_REVEAL_REVEAL_END_BUFFER"),
        }
    }

    pub fn max_weight(&self) -> u16 {
        self.integer("DYNAMIC_MAX_WEIGHT")
            .try_into()
            .expect("bounded by the table")
    }

    pub fn revealing_ttl(&self) -> Duration {
        self.seconds("DYNAMIC_WEIGHT_REVEALING_TTL")
    }

    pub fn revealing_hard_ttl(&self) -> Duration {
        self.seconds("DYNAMIC_WEIGHT_REVEALING_HARD_TTL")
    }

    pub fn revealing_attempts(&self) -> u32 {
        self.unsigned("DYNAMIC_WEIGHT_REVEALING_ATTEMPTS")
    }

    pub fn revealing_failure_backoff(&self) -> Duration {
        self.seconds("DYNAMIC_WEIGHT_REVEALING_FAILURE_BACKOFF")
    }

    pub fn max_prompt_series(&self) -> u32 {
        self.unsigned("DYNAMIC_MAX_PROMPT_SERIES")
    }

    pub fn target_prompt_samples_ready(&self) -> u32 {
        self.unsigned("DYNAMIC_TARGET_NUMBER_OF_PROMPT_SAMPLES_READY")
    }

    pub fn prompts_per_workload(&self) -> u32 {
        self.unsigned("DYNAMIC_NUMBER_OF_PROMPTS_PER_WORKLOAD")
    }

    pub fn prompt_series_in_a_generation(&self) -> u32 {
        self.unsigned("DYNAMIC_PROMPTS_SERIES_IN_A_SINGLE_GENERATION")
    }

    pub fn prompts_in_series(&self) -> u32 {
        self.unsigned("DYNAMIC_NUMBER_OF_PROMPTS_IN_SERIES")
    }

    pub fn prompts_to_sample_from_series(&self) -> u32 {
        self.unsigned("DYNAMIC_NUMBER_OF_PROMPTS_TO_SAMPLE_FROM_SERIES")
    }

    /// A class that is missing has no cap.
    pub fn executor_caps(&self) -> BTreeMap<ExecutorClass, u64> {
        executor_caps(&self.text("DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS"))
    }

    pub fn class_weights(&self) -> BTreeMap<ExecutorClass, f64> {
        class_weights(&self.text("DYNAMIC_EXECUTOR_CLASS_WEIGHTS"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(source: Source, name: &str, value: Value) -> Override {
        Override {
            name: name.to_owned(),
            source,
            value,
        }
    }

    #[test]
    fn every_accessor_finds_its_default() {
        let params = Params::default();
        assert!(params.is_serving(false));
        assert!(!params.is_serving(true));
        assert_eq!(params.manifest_score_multiplier(), 1.05);
        assert_eq!(params.manifest_dance_ratio_threshold(), 1.4);
        assert_eq!(params.weights_version(), WeightsVersion::V1);
        assert_eq!(params.wait_in_advance_blocks(), 3);
        assert_eq!(params.poll_interval(), Duration::from_secs(4));
        assert_eq!(params.max_oversleep_blocks(), 3);
        assert_eq!(params.block_finalization_number(), 3);
        assert!(params.is_commit_reveal_enabled());
        let windows = params.commit_windows();
        assert_eq!(
            (windows.interval_length.get(), windows.commit_start_offset),
            (722, 361)
        );
        assert_eq!(
            (windows.commit_end_buffer, windows.reveal_end_buffer),
            (15, 15)
        );
        assert_eq!(params.max_weight(), 65_535);
        assert_eq!(params.revealing_ttl(), Duration::from_secs(120));
        assert_eq!(params.revealing_hard_ttl(), Duration::from_secs(125));
        assert_eq!(params.revealing_attempts(), 50);
        assert_eq!(params.revealing_failure_backoff(), Duration::from_secs(5));
        assert_eq!(params.max_prompt_series(), 3_500);
        assert_eq!(params.target_prompt_samples_ready(), 1_536);
        assert_eq!(params.prompts_per_workload(), 240);
        assert_eq!(params.prompt_series_in_a_generation(), 25);
        assert_eq!(params.prompts_in_series(), 240);
        assert_eq!(params.prompts_to_sample_from_series(), 1);
        assert_eq!(params.executor_caps()[&ExecutorClass::AlwaysOnLlmA6000], 2);
        assert_eq!(
            params.class_weights()[&ExecutorClass::SpinUp4MinGpu24Gb],
            99.0
        );
    }

    #[test]
    fn every_default_is_a_value_of_its_parameter() {
        for parameter in TABLE {
            let default = parameter.default();
            assert_eq!(parameter.read(&Value::from(&default)), Ok(default));
        }
        assert_eq!(TABLE.len(), 27);
    }

    #[test]
    fn a_pinned_value_wins_over_a_published_one_in_any_order() {
        let name = "DYNAMIC_WEIGHTS_VERSION";
        let published = with(Source::Published, name, json!(4));
        let pinned = with(Source::Pinned, name, json!(3));
        for overrides in [[published.clone(), pinned.clone()], [pinned, published]] {
            let (params, warnings) = Params::from_overrides(overrides);
            assert_eq!(warnings, []);
            assert_eq!(params.weights_version(), WeightsVersion::V3);
            let (_, setting, source) = params.all().find(|(p, ..)| p.name == name).unwrap();
            assert_eq!((setting, source), (Setting::Integer(3), Source::Pinned));
        }
    }

    #[test]
    fn a_wrong_value_keeps_the_other_ones_and_is_named() {
        let (params, warnings) = Params::from_overrides([
            with(Source::Published, "DYNAMIC_WEIGHTS_VERSION", json!("4")),
            with(Source::Published, "DYNAMIC_MAX_WEIGHT", json!(0)),
            with(
                Source::Published,
                "DYNAMIC_COMMIT_REVEAL_WEIGHTS_INTERVAL",
                json!(0),
            ),
            with(
                Source::Published,
                "DYNAMIC_MANIFEST_SCORE_MULTIPLIER",
                json!(2),
            ),
            with(Source::Published, "DYNAMIC_NEW", json!(1)),
            with(Source::Published, "SERVING", json!(false)),
        ]);
        assert_eq!(params.weights_version(), WeightsVersion::V1);
        assert_eq!(params.max_weight(), 65_535);
        assert_eq!(params.manifest_score_multiplier(), 2.0);
        assert!(params.is_serving(false));
        let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            warnings,
            [
                "DYNAMIC_WEIGHTS_VERSION must be a whole number from 0 to 4, not `\"4\"`",
                "DYNAMIC_MAX_WEIGHT must be a whole number from 1 to 65535, not `0`",
                "DYNAMIC_COMMIT_REVEAL_WEIGHTS_INTERVAL must be a whole number from 1 to 216000, \
                 not `0`",
                "unknown parameter `DYNAMIC_NEW`",
                "`SERVING` cannot be published",
            ]
        );
    }

    #[test]
    fn a_migrating_server_serves_once_it_is_told_to() {
        let (params, _) = Params::from_overrides([with(Source::Pinned, "SERVING", json!(true))]);
        assert!(params.is_serving(true));
    }
}
