//! Scores, times and durations in the exact text forms that receipts need.

use chrono::{DateTime, FixedOffset, NaiveDate, TimeZone};
use horde_validator::wire::{number, time};
use proptest::prelude::*;
use serde_json::Value;

use crate::vectors;

fn cases(op: &'static str) -> impl Iterator<Item = Value> {
    vectors::cases("formatting")
        .into_iter()
        .filter(move |case| case["op"] == op)
}

fn float(case: &Value) -> f64 {
    let bits = case["bits"]
        .as_str()
        .expect("bits")
        .trim_start_matches("0x");
    f64::from_bits(u64::from_str_radix(bits, 16).expect("hexadecimal"))
}

#[test]
fn scores_are_written_as_c_writes_them() {
    for case in cases("score_text") {
        assert_eq!(number::general6(float(&case)), case["general6"], "{case}");
        assert_eq!(number::fixed6(float(&case)), case["fixed6"], "{case}");
    }
}

/// Of the optional cases we hold offsets with seconds and early years; a time without an offset
/// has no value here.
#[test]
fn times_are_written_as_python_writes_them() {
    for case in cases("isoformat") {
        let Some(offset) = case["utc_offset_seconds"].as_i64() else {
            assert!(!vectors::is_required(&case), "{case}");
            continue;
        };
        let field = |name: &str| u32::try_from(case[name].as_u64().expect(name)).expect(name);
        let year = i32::try_from(field("year")).expect("a year");
        let local = NaiveDate::from_ymd_opt(year, field("month"), field("day"))
            .and_then(|date| {
                let (hour, minute) = (field("hour"), field("minute"));
                date.and_hms_micro_opt(hour, minute, field("second"), field("microsecond"))
            })
            .expect("a date and time");
        let offset = i32::try_from(offset)
            .ok()
            .and_then(FixedOffset::east_opt)
            .expect("offset");
        let local = offset
            .from_local_datetime(&local)
            .single()
            .expect("offsets are never unclear");
        assert_eq!(time::isoformat(&local), case["text"], "{case}");
    }
}

#[test]
fn unix_times_are_rounded_as_python_rounds_them() {
    for case in cases("from_unix_time") {
        let read = time::from_unix_time(float(&case)).expect("a time");
        assert_eq!(time::isoformat(&read), case["text"], "{case}");
    }
}

#[test]
fn the_time_taken_loses_the_same_microseconds() {
    for case in cases("time_took_us") {
        let elapsed = case["elapsed_us"].as_i64().expect("elapsed_us");
        assert_eq!(time::time_took_us(elapsed), case["time_took_us"], "{case}");
    }
}

#[test]
fn a_time_that_python_has_no_value_for_is_refused() {
    for text in [
        "2024-12-31T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "2024-01-01",
        "2024-01-01T00:00:00",
        "now",
    ] {
        assert!(time::parse_iso(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn a_written_time_reads_back(seconds in -62_135_596_800_i64..253_402_300_800, us in 0..1_000_000_u32) {
        let written = DateTime::from_timestamp(seconds, us * 1000).expect("a time");
        prop_assert_eq!(time::parse_iso(&time::isoformat(&written)).expect("a time"), written);
    }

    #[test]
    fn no_number_makes_a_formatter_panic(value in any::<f64>(), elapsed in any::<i64>()) {
        let _ = (number::general6(value), number::fixed6(value), time::from_unix_time(value));
        let _ = time::time_took_us(elapsed);
    }
}
