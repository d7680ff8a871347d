//! When weights may be placed: in the commit window of the parameters, and as far as the chain's
//! rate limit lets them.

use std::ops::Range;

use super::pass::{View, Writing};
use crate::chain::RevealUnit;
use crate::store::{BatchRow, Way};

/// The first block at which placing this batch is given up.
pub(super) fn window_stop(writing: &Writing<'_>, view: &View, way: Way, batch: &BatchRow) -> u64 {
    let stop = match way {
        // one cycle later there is a newer batch, unless there was an outage
        Way::Set => {
            let cycle = batch.plan.cycle_stop - batch.plan.cycle_start;
            let next = i64::try_from(view.next_block()).unwrap_or(i64::MAX);
            batch.plan.cycle_stop.max(next).saturating_add(cycle)
        }
        Way::Hash | Way::Timelock => commit_window(writing, view).end,
    };
    u64::try_from(stop).unwrap_or(0)
}

/// Why nothing may be placed in the next block, if so.
pub(super) fn not_yet(writing: &Writing<'_>, view: &View, way: Way) -> Option<String> {
    let next = view.next_block();
    if way != Way::Set {
        let window = commit_window(writing, view);
        let next = i64::try_from(next).unwrap_or(i64::MAX);
        if next < window.start {
            return Some(format!(
                "the commit window opens at block {} (now at {})",
                window.start,
                next - 1
            ));
        }
    }
    rate_limited(view, way, next)
}

/// Commits of the first generation are limited by their intervals only.
fn rate_limited(view: &View, way: Way, next: u64) -> Option<String> {
    let counts = match way {
        Way::Set | Way::Timelock => true,
        Way::Hash => view.head.capabilities().hash_commits == Some(RevealUnit::Epochs),
    };
    let last = view
        .written
        .last_update
        .filter(|block| counts && *block > 0)?;
    let from = last.saturating_add(view.subnet.weights_rate_limit);
    (next < from).then(|| {
        format!(
            "the subnet's rate limit allows the next write at block {from} (now at {})",
            next - 1
        )
    })
}

/// The commit window that the next block lies in, or else the one that opens next.
fn commit_window(writing: &Writing<'_>, view: &View) -> Range<i64> {
    let next = i64::try_from(view.next_block()).unwrap_or(i64::MAX);
    let windows = writing.pass.params.commit_windows();
    let current = windows.at(next);
    match next < current.commit.end {
        true => current.commit,
        false => windows.at(current.interval.end).commit,
    }
}
