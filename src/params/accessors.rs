//! The values in force by their meaning and type, as the rest of the validator asks for them.
//! Bounds are the table's: what it lets through fits the types here.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use super::table::Setting;
use super::{Params, WeightsVersion};
use crate::schedule::CommitWindows;
use crate::scoring::{class_weights, executor_caps};
use crate::wire::ExecutorClass;

impl Params {
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
        if self.is_default("SERVING") {
            !is_migrating
        } else {
            self.switch("SERVING")
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
    use super::*;
    use crate::params::{Override, Source};

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
    fn a_migrating_server_serves_once_it_is_told_to() {
        let serving = Override {
            name: "SERVING".to_owned(),
            source: Source::Pinned,
            value: true.into(),
        };
        let (params, _) = Params::from_overrides([serving]);
        assert!(params.is_serving(true));
    }
}
