//! Times as Python writes and reads them: they stand in texts that are signed.
//! Resolution is one microsecond; finer digits are cut.

use std::fmt::Write;

use chrono::{DateTime, Datelike, FixedOffset, Offset, TimeDelta, TimeZone, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serializer};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an iso 8601 date and time with offset")]
pub struct NotATime;

/// `datetime.isoformat()`: the fraction only if it is not zero, then the offset, never `Z`.
pub fn isoformat<Tz: TimeZone>(time: &DateTime<Tz>) -> String {
    let local = time.naive_local();
    let mut text = format!(
        "{:04}-{:02}-{:02}",
        local.year(),
        local.month(),
        local.day()
    );
    let out = "writing to a string";
    write!(
        text,
        "T{:02}:{:02}:{:02}",
        local.hour(),
        local.minute(),
        local.second()
    )
    .expect(out);
    let microseconds = local.nanosecond() / 1000;
    if microseconds != 0 {
        write!(text, ".{microseconds:06}").expect(out);
    }
    let offset = time.offset().fix().local_minus_utc();
    let sign = if offset < 0 { '-' } else { '+' };
    let offset = offset.unsigned_abs();
    write!(text, "{sign}{:02}:{:02}", offset / 3600, offset / 60 % 60).expect(out);
    if !offset.is_multiple_of(60) {
        write!(text, ":{:02}", offset % 60).expect(out);
    }
    text
}

/// Reads `T` or a space between date and time, an optional fraction, `Z` or `+HH:MM`.
///
/// # Errors
/// For everything that Python's `datetime` has no value for: leap seconds, the year 0.
pub fn parse_iso(text: &str) -> Result<DateTime<FixedOffset>, NotATime> {
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| NotATime)?;
    if time.nanosecond() >= 1_000_000_000 || time.year() < 1 {
        return Err(NotATime);
    }
    Ok(time)
}

/// `datetime.fromtimestamp(seconds, utc)`: the fraction is rounded half to even.
/// `None` outside of the years that chrono knows, and for what is not finite.
pub fn from_unix_time(seconds: f64) -> Option<DateTime<Utc>> {
    let microseconds = (seconds.fract() * 1e6).round_ties_even();
    let whole = seconds.trunc();
    // i64 holds the range of chrono many times over; `as` saturates beyond it
    let time = DateTime::from_timestamp(whole as i64, 0)?;
    if !seconds.is_finite() {
        return None;
    }
    time.checked_add_signed(TimeDelta::microseconds(microseconds as i64))
}

/// Whole microseconds of an elapsed time as receipts state them: the reference goes through
/// seconds in floating point and so loses one now and then.
pub fn time_took_us(elapsed_us: i64) -> i64 {
    (elapsed_us as f64 / 1e6 * 1e6) as i64
}

/// For `#[serde(with)]`: a time with its offset, as `isoformat` writes it.
pub(super) mod iso {
    use super::*;

    pub(in crate::wire) fn serialize<S: Serializer>(
        time: &DateTime<FixedOffset>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&isoformat(time))
    }

    pub(in crate::wire) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<DateTime<FixedOffset>, D::Error> {
        parse_iso(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
