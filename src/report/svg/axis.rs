//! What stands beside an axis: numbers without needless digits, and times at round moments.

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveDateTime, TimeDelta, Utc};

/// A number with as many digits after the point as tell it from others of its size.
pub(in crate::report) fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A moment on the axis, and what is written there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TimeTick {
    pub(super) at: DateTime<Utc>,
    pub(super) label: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Minutes(i64),
    Days(i64),
    Months(u32),
}

/// From short to long; a day of minutes ends at midnight.
const STEPS: [Step; 20] = [
    Step::Minutes(1),
    Step::Minutes(2),
    Step::Minutes(5),
    Step::Minutes(15),
    Step::Minutes(30),
    Step::Minutes(60),
    Step::Minutes(120),
    Step::Minutes(180),
    Step::Minutes(360),
    Step::Minutes(720),
    Step::Days(1),
    Step::Days(2),
    Step::Days(5),
    Step::Days(10),
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
    Step::Months(12),
    Step::Months(60),
];

/// Round moments of the span, at most `most`.
pub(super) fn time_ticks(since: DateTime<Utc>, until: DateTime<Utc>, most: usize) -> Vec<TimeTick> {
    let mut ticks = Vec::new();
    for step in STEPS {
        ticks = moments(since, until, step, most);
        if ticks.len() <= most {
            break;
        }
    }
    ticks.truncate(most);
    ticks
}

/// Stops when there are too many.
fn moments(since: DateTime<Utc>, until: DateTime<Utc>, step: Step, most: usize) -> Vec<TimeTick> {
    let mut ticks = Vec::new();
    let mut moment = first(since.naive_utc(), step);
    while let Some(at) = moment.map(|moment| moment.and_utc()) {
        if at > until || ticks.len() > most {
            break;
        }
        if at >= since {
            ticks.push(TimeTick {
                at,
                label: label(at, step),
            });
        }
        moment = next(at.naive_utc(), step);
    }
    ticks
}

/// A round moment that is not after `since`.
fn first(since: NaiveDateTime, step: Step) -> Option<NaiveDateTime> {
    let day = since.date();
    let midnight = day.and_hms_opt(0, 0, 0)?;
    match step {
        Step::Minutes(minutes) => {
            let passed = (since - midnight).num_minutes() / minutes * minutes;
            Some(midnight + TimeDelta::minutes(passed))
        }
        Step::Days(_) => day.with_day(1)?.and_hms_opt(0, 0, 0),
        Step::Months(months) => {
            let years = i32::try_from(months.div_ceil(12)).ok()?;
            let year = day.year().div_euclid(years) * years;
            NaiveDate::from_ymd_opt(year, 1, 1)?.and_hms_opt(0, 0, 0)
        }
    }
}

fn next(moment: NaiveDateTime, step: Step) -> Option<NaiveDateTime> {
    match step {
        Step::Minutes(minutes) => moment.checked_add_signed(TimeDelta::minutes(minutes)),
        Step::Months(months) => moment.checked_add_months(Months::new(months)),
        Step::Days(days) => {
            let next = moment.checked_add_signed(TimeDelta::days(days))?;
            // every month begins anew, without a short step before
            let month = moment.checked_add_months(Months::new(1))?.with_day0(0)?;
            let is_close = next + TimeDelta::hours(days * 15) >= month;
            Some(if is_close { month } else { next })
        }
    }
}

fn label(at: DateTime<Utc>, step: Step) -> String {
    let form = match step {
        Step::Minutes(_) if at.time() != chrono::NaiveTime::MIN => "%H:%M",
        Step::Minutes(_) | Step::Days(_) => "%-d %b",
        Step::Months(_) if at.month() == 1 => "%Y",
        Step::Months(_) => "%b",
    };
    at.format(form).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(since: &str, until: &str) -> String {
        let time = |text: &str| -> DateTime<Utc> { text.parse().expect("a time") };
        let ticks = time_ticks(time(since), time(until), 8);
        let labels: Vec<_> = ticks.iter().map(|tick| tick.label.as_str()).collect();
        labels.join(", ")
    }

    #[test]
    fn ticks_stand_at_round_moments() {
        assert_eq!(
            labels("2026-03-12T10:07:30Z", "2026-03-12T10:52:00Z"),
            "10:15, 10:30, 10:45"
        );
        assert_eq!(
            labels("2026-03-12T20:00:00Z", "2026-03-13T12:00:00Z"),
            "21:00, 13 Mar, 03:00, 06:00, 09:00, 12:00"
        );
        assert_eq!(
            labels("2026-02-25T13:00:00Z", "2026-03-04T13:00:00Z"),
            "26 Feb, 27 Feb, 28 Feb, 1 Mar, 2 Mar, 3 Mar, 4 Mar"
        );
        assert_eq!(
            labels("2026-02-10T00:00:00Z", "2026-03-20T00:00:00Z"),
            "11 Feb, 16 Feb, 21 Feb, 1 Mar, 6 Mar, 11 Mar, 16 Mar"
        );
        assert_eq!(
            labels("2025-11-26T00:00:00Z", "2026-11-26T00:00:00Z"),
            "2026, Mar, May, Jul, Sep, Nov"
        );
    }

    #[test]
    fn numbers_have_no_needless_digits() {
        let texts = [0.0, 0.25, 1.5, 12.34, 123.4, 20_000.0].map(number);
        assert_eq!(texts, ["0", "0.25", "1.5", "12.3", "123", "20000"]);
    }

    proptest! {
        #[test]
        fn ticks_are_few_and_inside(start in 0_i64..4_000_000_000, length in 60_i64..1_000_000_000) {
            let time = |seconds| DateTime::from_timestamp(seconds, 0).expect("a time");
            let (since, until) = (time(start), time(start + length));
            let ticks = time_ticks(since, until, 6);
            prop_assert!(ticks.len() <= 6);
            prop_assert!(ticks.iter().all(|tick| tick.at >= since && tick.at <= until));
            prop_assert!(ticks.windows(2).all(|pair| pair[0].at < pair[1].at));
        }
    }
}
