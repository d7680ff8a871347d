//! Lists that are cut, and say so, and texts of strangers that are cut.

/// How long a text of a miner may be, in characters.
const TEXT: usize = 200;

/// The first rows of a list, and how many there are beyond them.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Newest<T> {
    pub(in crate::report) rows: Vec<T>,
    pub(in crate::report) more: u64,
}

impl<T> Newest<T> {
    /// `all`: how many there are, of which `rows` are the first.
    pub(super) fn of(rows: Vec<T>, all: u64) -> Self {
        let shown = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        Self {
            rows,
            more: all.saturating_sub(shown),
        }
    }

    /// The first `most` of all there are.
    pub(super) fn cut(rows: impl ExactSizeIterator<Item = T>, most: usize) -> Self {
        let all = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        Self::of(rows.take(most).collect(), all)
    }
}

/// A text that others have written, short enough for a table.
pub(super) fn cut_text(text: &str) -> String {
    match text.char_indices().nth(TEXT) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_counted() {
        let list = Newest::cut((1..=10).collect::<Vec<_>>().into_iter(), 3);
        assert_eq!((list.rows, list.more), (vec![1, 2, 3], 7));
        let list = Newest::cut(vec![1].into_iter(), 3);
        assert_eq!((list.rows, list.more), (vec![1], 0));
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut_text("short"), "short");
        let long = "é".repeat(TEXT + 1);
        assert_eq!(cut_text(&long), format!("{}…", "é".repeat(TEXT)));
        assert_eq!(cut_text(&long[2..]), "é".repeat(TEXT));
    }
}
