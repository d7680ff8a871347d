//! Times as they stand in the database: UTC text with six digits, ordered like the times.

use chrono::{DateTime, NaiveDateTime, Utc};

const FORMAT: &str = "%Y-%m-%dT%H:%M:%S%.6fZ";

pub(super) fn to_text(time: DateTime<Utc>) -> String {
    time.format(FORMAT).to_string()
}

pub(super) fn from_text(text: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(text, FORMAT)
        .ok()
        .map(|time| time.and_utc())
}
