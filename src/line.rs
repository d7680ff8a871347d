//! Texts of strangers as a part of one line in a log, a message or the database.

/// At most `most` characters of it, without what disturbs a terminal or begins a new line.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    let text = text.trim();
    let cut = text.char_indices().nth(most).map(|(end, _)| end);
    let kept = text[..cut.unwrap_or(text.len())].chars().map(shown);
    match cut {
        Some(_) => kept.chain(['…']).collect(),
        None => kept.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_short_and_on_one_line() {
        assert_eq!(one_line(" a\r\n\u{1b}[31mb ", 20), "a   [31mb");
        assert_eq!(one_line("äöü", 3), "äöü");
        assert_eq!(one_line("äöüx", 3), "äöü…");
        assert_eq!(one_line("", 3), "");
    }
}
