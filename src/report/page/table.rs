//! Tables. On a narrow screen one with texts becomes a list, each cell behind the title of its
//! column; one of numbers scrolls in its own box. Each cell carries what it was made from, so that
//! a program can read the page, too.

use maud::{Markup, html};

use super::words::{count, shown};
use crate::report::figures::Newest;

/// A column: its name for programs, its title, and whether numbers stand in it.
pub(super) struct Column<'a> {
    pub(super) key: &'a str,
    pub(super) title: &'a str,
    pub(super) is_number: bool,
}

pub(super) const fn text(key: &'static str, title: &'static str) -> Column<'static> {
    Column {
        key,
        title,
        is_number: false,
    }
}

pub(super) const fn number(key: &'static str, title: &'static str) -> Column<'static> {
    Column {
        key,
        title,
        is_number: true,
    }
}

/// One cell: the value for programs, and what is shown.
pub(super) struct Cell {
    value: String,
    shown: Markup,
    is_long: bool,
    is_bad: bool,
}

impl Cell {
    /// What is shown is the value.
    pub(super) fn plain(value: impl ToString) -> Self {
        let value = shown(&value.to_string());
        Self::new(&value, &value)
    }

    pub(super) fn new(value: impl ToString, text: &str) -> Self {
        Self {
            value: shown(&value.to_string()),
            shown: html! { (shown(text)) },
            is_long: false,
            is_bad: false,
        }
    }

    /// Empty where there is nothing.
    pub(super) fn maybe<T: ToString>(value: Option<T>, text: impl FnOnce(&T) -> String) -> Self {
        match value {
            Some(value) => Self::new(value.to_string(), &text(&value)),
            None => Self::new("", ""),
        }
    }

    /// What may be long: it is broken into lines.
    pub(super) fn long(self) -> Self {
        Self {
            is_long: true,
            ..self
        }
    }

    /// Something that a person should look at.
    pub(super) fn bad_if(self, is_bad: bool) -> Self {
        Self { is_bad, ..self }
    }
}

/// A row: its name for programs, and one cell for each column.
pub(super) struct Row {
    pub(super) key: String,
    pub(super) cells: Vec<Cell>,
}

/// A table; `more` rows were left out.
pub(super) fn table(name: &str, columns: &[Column<'_>], list: Newest<Row>, noun: &str) -> Markup {
    let has_texts = columns.iter().skip(1).any(|column| !column.is_number);
    html! {
        div.scroll {
            table class=(if has_texts { "listed" } else { "scrolled" }) {
                thead {
                    tr {
                        @for column in columns {
                            th scope="col" class=[class(&[(column.is_number, "number")])] {
                                (column.title)
                            }
                        }
                    }
                }
                tbody {
                    @for row in &list.rows {
                        tr {
                            @for (column, cell) in columns.iter().zip(&row.cells) {
                                td class=[class(&[
                                        (column.is_number, "number"),
                                        (cell.is_long, "long"),
                                        (cell.is_bad, "bad"),
                                        (cell.value == "0", "zero"),
                                    ])]
                                    data-title=(column.title)
                                    data-cell={ (name) "/" (row.key) "/" (column.key) }
                                    data-value=(cell.value) { (cell.shown) }
                            }
                        }
                    }
                }
            }
        }
        @if list.more > 0 {
            p.more data-cell={ (name) "/more" } data-value=(list.more) {
                (count(list.more, &format!("more {noun}")))
            }
        }
    }
}

/// The rows of a list that was cut.
pub(super) fn rows<T>(list: &Newest<T>, row: impl Fn(&T) -> Row) -> Newest<Row> {
    Newest {
        rows: list.rows.iter().map(row).collect(),
        more: list.more,
    }
}

/// The rows of a whole list.
pub(super) fn all(rows: Vec<Row>) -> Newest<Row> {
    Newest { rows, more: 0 }
}

/// Of the page's style; `None`: it has none.
fn class(classes: &[(bool, &str)]) -> Option<String> {
    let classes = classes.iter().filter(|(has, _)| *has);
    let names: Vec<&str> = classes.map(|(_, name)| *name).collect();
    (!names.is_empty()).then(|| names.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_strangers_stay_text() {
        let hostile = "\"><img src=x onerror=alert(1)>\u{1b}";
        let list = Newest {
            rows: vec![Row {
                key: shown(hostile),
                cells: vec![Cell::plain(hostile)],
            }],
            more: 2,
        };
        let html = table("t", &[text("a", "A")], list, "row").into_string();
        assert!(!html.contains("<img") && !html.contains('\u{1b}'), "{html}");
        assert!(
            html.contains("data-value=\"&quot;&gt;&lt;img src=x"),
            "{html}"
        );
        assert!(html.contains("2 more rows"), "{html}");
    }
}
