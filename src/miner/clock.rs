//! One clock for all times of a batch: begun at a wall time, then driven by the monotonic clock.
//! So every time is fit for a record, and differences are durations even if the wall clock jumps.

use std::time::Instant;

use chrono::{DateTime, Utc};

#[derive(Debug, Clone, Copy)]
pub struct Clock {
    wall_us: i64,
    started: Instant,
}

/// Microseconds of Unix time on a [`Clock`]. Moments of different clocks do not compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Clock {
    /// A clock that shows `now` at this instant.
    pub fn showing(now: DateTime<Utc>) -> Self {
        Self {
            wall_us: now.timestamp_micros(),
            started: Instant::now(),
        }
    }

    pub fn now(&self) -> Moment {
        let elapsed = i64::try_from(self.started.elapsed().as_micros());
        Moment(self.wall_us.saturating_add(elapsed.unwrap_or(i64::MAX)))
    }
}

impl Moment {
    pub const fn unix_us(self) -> i64 {
        self.0
    }

    /// Microseconds since `earlier`; negative if that was later.
    pub const fn us_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).expect("a clock shows times that chrono made")
    }
}
