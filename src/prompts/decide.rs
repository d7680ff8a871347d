//! When a pass of the prompt pipeline has something to do, and how much (spec: prompts). Pure.

use std::time::Duration;

use crate::store::PromptCounts;

/// A pass that answers begins no workload that would probably end later than this: the next one
/// is started after 5 minutes.
const MOST_ANSWERING: Duration = Duration::from_secs(260);

/// Why no series are to be made now; `None` if they are.
pub(super) fn no_generation(counts: &PromptCounts, max_series: u32) -> Option<String> {
    if counts.unfinished_workloads > 0 {
        // the trusted miner has to answer them first
        let waiting = counts.unfinished_workloads;
        return Some(format!(
            "{waiting} workloads wait for answers: no series made"
        ));
    }
    (counts.series >= max_series).then(|| format!("there are {} series, enough", counts.series))
}

/// How many samples are missing, or why none are to be drawn.
pub(super) fn missing_samples(
    counts: &PromptCounts,
    target: u32,
    max_series: u32,
) -> Result<u32, String> {
    let needed = target.saturating_mul(2).min(max_series);
    if counts.series < needed {
        let found = counts.series;
        return Err(format!(
            "{found} of {needed} series are there: nothing drawn"
        ));
    }
    let unused = counts.ready_samples + counts.waiting_samples;
    match target.checked_sub(unused) {
        Some(missing) if missing > 0 => Ok(missing),
        _ => Err(format!("{unused} samples are unused, enough")),
    }
}

/// Whether one more workload may be begun, after some that took these times.
pub(super) fn may_begin(times: &[Duration]) -> bool {
    let total: Duration = times.iter().sum();
    let average = match u32::try_from(times.len()) {
        Ok(0) => return true,
        Ok(count) => total / count,
        Err(_) => return false,
    };
    total + average <= MOST_ANSWERING
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(series: u32, unfinished_workloads: u32, ready: u32, waiting: u32) -> PromptCounts {
        PromptCounts {
            series,
            unfinished_workloads,
            ready_samples: ready,
            waiting_samples: waiting,
        }
    }

    #[test]
    fn series_are_made_while_there_is_room_and_nothing_waits_for_answers() {
        for (counts, is_due) in [
            (counts(0, 0, 0, 0), true),
            (counts(3_499, 0, 0, 0), true),
            (counts(3_500, 0, 0, 0), false),
            (counts(4_000, 0, 0, 0), false),
            (counts(0, 1, 0, 0), false),
        ] {
            let reason = no_generation(&counts, 3_500);
            assert_eq!(reason.is_none(), is_due, "{counts:?}: {reason:?}");
        }
    }

    #[test]
    fn samples_are_drawn_up_to_the_target_once_there_are_series_enough() {
        for (counts, target, max_series, expected) in [
            (counts(3_072, 0, 0, 0), 1_536, 3_500, Ok(1_536)),
            (counts(3_071, 0, 0, 0), 1_536, 3_500, Err(())),
            (counts(3_500, 0, 1_000, 240), 1_536, 3_500, Ok(296)),
            (counts(3_500, 0, 1_296, 240), 1_536, 3_500, Err(())),
            (counts(3_500, 0, 2_000, 0), 1_536, 3_500, Err(())),
            // a target that the series can never reach twice over
            (counts(10, 0, 0, 0), 1_536, 10, Ok(1_536)),
            (counts(0, 0, 0, 0), 0, 10, Err(())),
        ] {
            let missing = missing_samples(&counts, target, max_series);
            assert_eq!(missing.map_err(|_| ()), expected, "{counts:?}");
        }
    }

    #[test]
    fn no_workload_is_begun_that_would_take_too_long() {
        let seconds = |all: &[u64]| -> Vec<Duration> {
            all.iter().map(|one| Duration::from_secs(*one)).collect()
        };
        assert!(may_begin(&[]));
        assert!(may_begin(&seconds(&[130])));
        assert!(!may_begin(&seconds(&[131])));
        assert!(may_begin(&seconds(&[50, 50, 50, 50])));
        assert!(!may_begin(&seconds(&[50, 50, 50, 50, 50])));
    }
}
