//! Times, lengths and sizes as people read them, and texts of strangers as a page may show them.

use chrono::{DateTime, Utc};

use crate::report::svg::number;

/// To the minute.
pub(super) fn minute(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M").to_string()
}

/// To the second.
pub(super) fn second(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A length in the unit that fits.
pub(super) fn length(seconds: f64) -> String {
    match seconds {
        s if s >= 7200.0 => format!("{} h", number(s / 3600.0)),
        s if s >= 120.0 => format!("{} min", number(s / 60.0)),
        s if s >= 0.9995 || s <= 0.0 => format!("{} s", number(s)),
        s if s < 0.01 => format!("{:.1} ms", s * 1000.0),
        s => format!("{:.0} ms", s * 1000.0),
    }
}

/// A part of a whole, in percent, with digits that stand below each other in a table.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// A size in units of 1024.
pub(super) fn size(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if size < 1024.0 {
            return format!("{} {unit}", number(size));
        }
        size /= 1024.0;
    }
    format!("{} TiB", number(size))
}

/// A count with its noun.
pub(super) fn count(count: u64, noun: &str) -> String {
    let hisses = noun.ends_with('s') || noun.ends_with("ch");
    match count {
        1 => format!("1 {noun}"),
        _ if hisses => format!("{count} {noun}es"),
        _ => format!("{count} {noun}s"),
    }
}

/// First and last letters, enough to tell hotkeys apart by eye.
pub(super) fn short(hotkey: &str) -> String {
    let letters: Vec<char> = hotkey.chars().collect();
    match letters.len() {
        0..=14 => shown(hotkey),
        length => {
            let ends = letters[..6].iter().chain(['…'].iter());
            shown(&ends.chain(&letters[length - 4..]).collect::<String>())
        }
    }
}

/// A stranger's text without what could move, hide or turn around other text. What is taken out
/// leaves a sign.
pub(super) fn shown(text: &str) -> String {
    text.chars().map(visible).collect()
}

fn visible(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' => ' ',
        // each has a picture in Unicode
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        // C1, marks and overrides of direction, separators of lines, a mark of byte order
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_sizes_have_the_unit_that_fits() {
        let lengths = [
            0.0, 0.00004, 0.00426, 0.0203, 0.25, 1.0, 59.96, 119.0, 120.0, 7199.0, 86_400.0,
        ];
        assert_eq!(
            lengths.map(length).join(", "),
            "0 s, 0.0 ms, 4.3 ms, 20 ms, 250 ms, 1 s, 60 s, 119 s, 2 min, 120 min, 24 h"
        );
        let sizes = [0, 1023, 1024, 1 << 20, 5 << 40].map(size);
        assert_eq!(sizes.join(", "), "0 B, 1023 B, 1 KiB, 1 MiB, 5 TiB");
        assert_eq!(
            (count(1, "job"), count(2, "job")),
            ("1 job".into(), "2 jobs".into())
        );
        assert_eq!(count(2, "batch"), "2 batches");
        assert_eq!(percent(0.1234), "12.34 %");
    }

    #[test]
    fn nothing_of_a_text_moves_or_hides_another() {
        assert_eq!(shown("a\0b\x1b[2Jc\x7f\n"), "a␀b␛[2Jc␡ ");
        assert_eq!(
            shown("a\u{202e}b\u{85}c\u{200b}"),
            "a\u{fffd}b\u{fffd}c\u{fffd}"
        );
        assert_eq!(shown("<é>"), "<é>");
        assert_eq!(short("short"), "short");
        assert_eq!(
            short("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"),
            "5Grwva…utQY"
        );
    }
}
