//! A time as an operator writes it.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

/// UTC unless it says otherwise; `6h` or `2d` is so long ago.
pub(crate) fn moment(text: &str) -> Result<DateTime<Utc>, &'static str> {
    const FORMS: [&str; 4] = [
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
    ];
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let with_hour = |form| NaiveDateTime::parse_from_str(text, form).ok();
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let midnight = || day()?.and_hms_opt(0, 0, 0);
    let ago = || {
        let age = humantime::parse_duration(text).ok()?;
        Utc::now().checked_sub_signed(TimeDelta::from_std(age).ok()?)
    };
    let time = FORMS.into_iter().find_map(with_hour).or_else(midnight);
    let time = time.map(|time| time.and_utc()).or_else(ago);
    time.ok_or("not a time such as 2026-03-01, 2026-03-01T12:00 or 6h (ago)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_an_operator_writes_them() {
        let read = |text| moment(text).map(|time| time.to_rfc3339());
        for text in [
            "2026-03-01T00:00",
            "2026-03-01 00:00:00",
            "2026-03-01",
            "2026-03-01T02:00:00+02:00",
            "2026-03-01T00:00:00Z",
        ] {
            let found = read(text);
            assert_eq!(found.as_deref(), Ok("2026-03-01T00:00:00+00:00"), "{text}");
        }
        let ago = moment("2h").expect("a time");
        let age = Utc::now() - ago;
        assert_eq!(age.num_minutes(), 120);
        for text in ["", "yesterday", "2026-13-01", "12:00", "300000000y"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
