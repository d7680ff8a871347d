//! Which backups stay. Pure: the same backups, rules and time give the same answer.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Utc};

use super::BackupName;
use crate::settings::Retention;

/// The day, week or month of a time, as numbers that tell it from others.
type Period = fn(DateTime<Utc>) -> (i32, u32);

/// The backups that no rule keeps. With no rule, none. What a clock that was ahead has dated into
/// the future stays, and does not push out others.
pub(super) fn expired(
    backups: &[BackupName],
    rules: &Retention,
    now: DateTime<Utc>,
) -> Vec<BackupName> {
    if *rules == Retention::default() {
        return Vec::new();
    }
    let mut past: Vec<BackupName> = backups
        .iter()
        .copied()
        .filter(|backup| backup.made_at() <= now)
        .collect();
    past.sort_unstable_by(|a, b| b.cmp(a));
    let mut kept: BTreeSet<BackupName> = BTreeSet::new();
    kept.extend(past.iter().take(rules.last.unwrap_or(0) as usize));
    let periods: [(Option<u32>, Period); 3] = [
        (rules.daily, |at| (at.year(), at.ordinal())),
        (rules.weekly, |at| {
            (at.iso_week().year(), at.iso_week().week())
        }),
        (rules.monthly, |at| (at.year(), at.month())),
    ];
    for (count, period) in periods {
        kept.extend(newest_of_each(&past, period).take(count.unwrap_or(0) as usize));
    }
    past.retain(|backup| !kept.contains(backup));
    past
}

/// `backups` come newest first.
fn newest_of_each(backups: &[BackupName], period: Period) -> impl Iterator<Item = BackupName> {
    let mut last = None;
    backups.iter().copied().filter(move |backup| {
        let this = Some(period(backup.made_at()));
        let is_new = this != last;
        last = this;
        is_new
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn days(days: std::ops::Range<i64>) -> Vec<BackupName> {
        days.map(|day| BackupName::at(at(day * 86_400 + 1_800)))
            .collect()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        // a Monday, the first of a month
        let start: DateTime<Utc> = "2024-01-01T00:00:00Z".parse().expect("a time");
        start + chrono::TimeDelta::seconds(seconds)
    }

    fn rules(last: u32, daily: u32, weekly: u32, monthly: u32) -> Retention {
        let rule = |count: u32| (count > 0).then_some(count);
        Retention {
            last: rule(last),
            daily: rule(daily),
            weekly: rule(weekly),
            monthly: rule(monthly),
        }
    }

    fn kept(backups: &[BackupName], rules: Retention, now: DateTime<Utc>) -> Vec<String> {
        let expired = expired(backups, &rules, now);
        let kept = backups.iter().filter(|backup| !expired.contains(backup));
        let mut kept: Vec<_> = kept
            .map(|b| b.made_at().format("%m-%d").to_string())
            .collect();
        kept.reverse();
        kept
    }

    #[test]
    fn without_rules_all_stay() {
        assert_eq!(expired(&days(0..50), &Retention::default(), at(0)), []);
    }

    #[test]
    fn the_newest_ones_stay() {
        let now = at(100 * 86_400);
        assert_eq!(
            kept(&days(0..5), rules(2, 0, 0, 0), now),
            ["01-05", "01-04"]
        );
        assert_eq!(kept(&days(0..2), rules(9, 0, 0, 0), now).len(), 2);
    }

    #[test]
    fn the_newest_of_each_day_week_and_month_stays() {
        let now = at(100 * 86_400);
        let mut twice_a_day = days(0..60);
        twice_a_day.extend(
            days(0..60)
                .iter()
                .map(|b| BackupName::at(b.made_at() + chrono::TimeDelta::hours(2))),
        );
        twice_a_day.sort_unstable();
        let daily = kept(&twice_a_day, rules(0, 3, 0, 0), now);
        assert_eq!(daily, ["02-29", "02-28", "02-27"]);
        let weekly = kept(&days(0..60), rules(0, 0, 3, 0), now);
        assert_eq!(weekly, ["02-29", "02-25", "02-18"]);
        let monthly = kept(&days(0..60), rules(0, 0, 0, 3), now);
        assert_eq!(monthly, ["02-29", "01-31"]);
        let all = kept(&days(0..60), rules(1, 2, 2, 2), now);
        assert_eq!(all, ["02-29", "02-28", "02-25", "01-31"]);
    }

    #[test]
    fn a_clock_that_was_ahead_costs_no_backup() {
        let mut backups = days(0..5);
        backups.extend(days(1000..1003));
        let expired = expired(&backups, &rules(2, 0, 0, 0), at(5 * 86_400));
        assert_eq!(
            expired.len(),
            3,
            "the two newest of the past and all of the future stay"
        );
    }

    proptest! {
        #[test]
        fn the_newest_one_of_the_past_always_stays(
            seconds in prop::collection::vec(0_i64..400_000_000, 1..60),
            (last, daily, weekly, monthly) in (0_u32..4, 0_u32..4, 0_u32..4, 0_u32..4),
            now in 0_i64..400_000_000,
        ) {
            let backups: Vec<_> = seconds.into_iter().map(|s| BackupName::at(at(s))).collect();
            let now = at(now);
            let gone = expired(&backups, &rules(last, daily, weekly, monthly), now);
            let newest = backups.iter().filter(|b| b.made_at() <= now).max();
            prop_assert!(newest.is_none_or(|newest| !gone.contains(newest)));
            prop_assert!(gone.iter().all(|b| b.made_at() <= now));
        }
    }
}
