//! The time that a report is about.

use chrono::{DateTime, TimeDelta, Utc};

use crate::store::Filter;

/// From `since` on, until just before `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub since: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

impl Span {
    /// `None`: it would end before it begins.
    pub fn new(since: DateTime<Utc>, until: DateTime<Utc>) -> Option<Self> {
        (since < until).then_some(Self { since, until })
    }

    /// The last days, also the present moment.
    pub fn last_days(days: u16, now: DateTime<Utc>) -> Self {
        // rows carry times of microseconds, and the newest may be of this one
        let until = now + TimeDelta::microseconds(1);
        Self {
            since: until - TimeDelta::days(days.into()),
            until,
        }
    }

    pub(super) fn filter(self) -> Filter {
        Filter::between(self.since, self.until)
    }

    /// The same, the newest rows of one kind.
    pub(super) fn newest(self, kind: Option<&str>, limit: usize) -> Filter {
        Filter {
            kind: kind.map(str::to_owned),
            limit: u32::try_from(limit).ok(),
            ..self.filter()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_a_length() {
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(Span::new(now, now), None);
        let week = Span::last_days(7, now);
        assert_eq!(week.until - week.since, TimeDelta::days(7));
        assert!(week.since < now && now < week.until);
        assert_eq!(Span::new(week.since, week.until), Some(week));
    }
}
