//! How single values stand in facts and tables.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

/// A time to the second, UTC.
pub(super) fn second(at: DateTime<Utc>) -> Value {
    at.to_rfc3339_opts(SecondsFormat::Secs, true).into()
}

pub(super) fn second_of(at: Option<DateTime<Utc>>) -> Value {
    at.map_or(Value::Null, second)
}

/// A time to the microsecond, UTC.
pub(super) fn microsecond(at: DateTime<Utc>) -> Value {
    at.to_rfc3339_opts(SecondsFormat::Micros, true).into()
}

/// From one time to a later one, in seconds.
pub(super) fn seconds_between(from: DateTime<Utc>, to: DateTime<Utc>) -> Option<f64> {
    (to - from).num_microseconds().map(seconds)
}

pub(super) fn seconds(microseconds: i64) -> f64 {
    microseconds as f64 / 1e6
}

/// Host and port, as an address is written.
pub(super) fn address((host, port): &(String, u16)) -> Value {
    match host.contains(':') {
        true => format!("[{host}]:{port}").into(),
        false => format!("{host}:{port}").into(),
    }
}
