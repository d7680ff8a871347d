//! Texts such as `spin_up-4min.gpu-24gb=99,always_on.llm.a6000=1`.
//! A part that is malformed is skipped, as every validator does (vectors: scoring, `parse_map`).

use std::collections::BTreeMap;

use crate::wire::ExecutorClass;

/// One value per class, the last valid part of a class counting. `read` gets the text to the
/// right of the one `=`.
pub fn parse_map<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> BTreeMap<ExecutorClass, T> {
    let parts = text.split(',').filter_map(|part| {
        let (class, value) = part.split_once('=')?;
        if value.contains('=') {
            return None;
        }
        Some((class.parse().ok()?, read(value)?))
    });
    parts.collect()
}

/// `DYNAMIC_EXECUTOR_CLASS_WEIGHTS`. Weights that are infinite or not numbers are skipped.
pub fn class_weights(text: &str) -> BTreeMap<ExecutorClass, f64> {
    parse_map(text, |value| {
        value
            .trim()
            .parse()
            .ok()
            .filter(|weight: &f64| weight.is_finite())
    })
}

/// `DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS`: the most executors of a class that count. Negative
/// values are ignored, a class that is missing has no cap, 0 turns it off.
pub fn executor_caps(text: &str) -> BTreeMap<ExecutorClass, u64> {
    parse_map(text, |value| {
        let count: i64 = value.trim().parse().ok()?;
        u64::try_from(count).ok()
    })
}
