//! The rule that gave a job its score, in one sentence for the miner who asks.

use crate::params::WeightsVersion;
use crate::store::JobEvidence;
use crate::wire::ExecutorClass;

/// `version` is the weights version of its batch; `None`: not kept (before version 5).
pub(super) fn of(job: &JobEvidence, version: Option<i64>) -> String {
    if !job.is_completed {
        return failed(job);
    }
    let mut rule = plain(&job.executor_class, version);
    if let Some(multiplier) = job.multiplier {
        rule.push_str(&format!(
            "; times {multiplier}: its miner's horde changed its size since the batch before"
        ));
    }
    rule
}

/// A failed job has score 0, whatever the version.
fn failed(job: &JobEvidence) -> String {
    let why = match job.is_correct {
        None => "no answer was checked",
        Some(false) => "the answer was wrong",
        Some(true) => "the answer was right and came too late",
    };
    format!("0, as for every failed job: {why}")
}

/// Source of the formulas: `scoring::job::score`.
fn plain(class: &str, version: Option<i64>) -> String {
    let class: Option<ExecutorClass> = class.parse().ok();
    if class.is_some_and(ExecutorClass::is_llm) {
        return "1, as for every LLM job with right answers in time".to_owned();
    }
    let Some(version) = version.and_then(|number| WeightsVersion::try_from(number).ok()) else {
        return "by the weights version of its batch, which was not kept".to_owned();
    };
    let formula = match version {
        WeightsVersion::V0 => "2 x (1 - t / (2 x limit)) for a right answer after t seconds",
        WeightsVersion::V1 | WeightsVersion::V2 => "1 / t for a right answer after t seconds",
        WeightsVersion::V3 | WeightsVersion::V4 => "1 for a right answer in time",
    };
    format!("{formula} (weights version {})", version.number())
}
