//! How long jobs of batches took, by executor class.

use std::collections::BTreeMap;

use super::Spread;

/// From the request to the answer, of the completed jobs of one executor class.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct ClassTimes {
    pub(in crate::report) executor_class: String,
    pub(in crate::report) spread: Spread,
}

/// Collects times while jobs are read.
#[derive(Debug, Default)]
pub(super) struct Collected(BTreeMap<String, Vec<f64>>);

impl Collected {
    pub(super) fn take(&mut self, executor_class: &str, time_us: i64) {
        let seconds = time_us as f64 / 1e6;
        match self.0.get_mut(executor_class) {
            Some(times) => times.push(seconds),
            None => {
                self.0.insert(executor_class.to_owned(), vec![seconds]);
            }
        }
    }

    pub(super) fn spreads(self) -> Vec<ClassTimes> {
        let spread = |(executor_class, seconds)| {
            Some(ClassTimes {
                executor_class,
                spread: Spread::of(seconds)?,
            })
        };
        self.0.into_iter().filter_map(spread).collect()
    }
}
