//! Evidence as text for a person, as one JSON document, or as CSV for a spreadsheet.

use console::{Alignment, Term, measure_text_width, pad_str};
use horde_validator::evidence::{Evidence, Table};
use serde_json::{Map, Value};

use crate::output;

/// Wide enough for a hotkey and for a uuid; `--json` has the whole text.
const WIDEST_CELL: usize = 48;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    Text,
    Json,
    Csv,
}

pub(crate) fn show(evidence: &Evidence, form: Form) {
    match form {
        Form::Text => text(evidence),
        Form::Json => output::document(&document(evidence)),
        Form::Csv => {
            if let Some(table) = evidence.tables.first() {
                output::line(csv(table).trim_end());
            }
        }
    }
}

fn document(evidence: &Evidence) -> Value {
    let facts = evidence.facts.iter();
    let mut keys: Map<String, Value> = facts
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    for table in &evidence.tables {
        let named = |row: &Vec<Value>| -> Value {
            let names = table.columns.iter().map(|name| (*name).to_owned());
            Value::Object(names.zip(row.iter().cloned()).collect())
        };
        let rows = table.rows.iter().map(named).collect();
        keys.insert(table.name.to_owned(), Value::Array(rows));
    }
    Value::Object(keys)
}

/// The first line names the columns (RFC 4180).
fn csv(table: &Table) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(table.columns).expect("memory takes it");
    for row in &table.rows {
        let cells = row.iter().map(csv_cell);
        writer.write_record(cells).expect("as many as columns");
    }
    let bytes = writer.into_inner().expect("memory takes it");
    String::from_utf8(bytes).expect("made of texts")
}

fn csv_cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        // a spreadsheet would run a stranger's text as a formula
        Value::String(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
            format!("'{text}")
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn text(evidence: &Evidence) {
    let is_told = |value: &Value| !value.is_null() && value != "";
    let facts: Vec<_> = evidence
        .facts
        .iter()
        .filter(|(_, value)| is_told(value))
        .collect();
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in facts {
        let name = name.replace('_', " ");
        let text = output::printable(&cell(value));
        let text = text.replace('\n', &format!("\n{:width$}  ", ""));
        output::line(format_args!("{name:width$}  {text}"));
    }
    for (number, table) in evidence.tables.iter().enumerate() {
        if number > 0 || !evidence.facts.is_empty() {
            output::line("");
        }
        match table.rows.is_empty() {
            true => output::line(format_args!("no {}", table.name.replace('_', " "))),
            false => table_lines(table).iter().for_each(output::line),
        }
    }
}

/// Columns under their names; on a terminal no line is wrapped.
fn table_lines(table: &Table) -> Vec<String> {
    let names = table.columns.iter().map(|name| name.replace('_', " "));
    let mut rows: Vec<Vec<String>> = vec![names.collect()];
    for row in &table.rows {
        let cells = row.iter().map(|value| output::plain(&cell(value)));
        rows.push(cells.map(|text| cut(&text, WIDEST_CELL)).collect());
    }
    let is_number = |column: usize| {
        let mut cells = table.rows.iter().map(|row| &row[column]);
        cells.all(|cell| cell.is_number() || cell.is_null())
    };
    let width = |column: usize| {
        let cells = rows.iter().map(|row| measure_text_width(&row[column]));
        cells.max().unwrap_or(0)
    };
    let columns: Vec<(usize, Alignment)> = (0..table.columns.len())
        .map(|column| match is_number(column) {
            true => (width(column), Alignment::Right),
            false => (width(column), Alignment::Left),
        })
        .collect();
    let screen = Term::stdout();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(&columns);
        let cells = cells.map(|(cell, (width, side))| pad_str(cell, *width, *side, None));
        let line = cells.collect::<Vec<_>>().join("  ");
        match screen.is_term() {
            true => cut(line.trim_end(), screen.size().1.into()),
            false => line.trim_end().to_owned(),
        }
    });
    lines.collect()
}

fn cut(text: &str, width: usize) -> String {
    console::truncate_str(text, width, "...").into_owned()
}

/// Numbers to four places; JSON and CSV have all of them.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => {
            let number = number.as_f64().unwrap_or_default();
            let text = format!("{number:.4}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table(cells: &[Value]) -> Table {
        Table {
            name: "things",
            columns: &["thing", "size"],
            rows: cells
                .iter()
                .map(|cell| vec![cell.clone(), json!(0.5)])
                .collect(),
        }
    }

    #[test]
    fn no_text_of_a_stranger_is_a_formula_in_a_spreadsheet() {
        let found = csv(&table(&[
            json!("=1+1"),
            json!("a \"b\", c"),
            json!(-3),
            Value::Null,
        ]));
        assert_eq!(
            found,
            "thing,size\n'=1+1,0.5\n\"a \"\"b\"\", c\",0.5\n-3,0.5\n,0.5\n"
        );
    }

    #[test]
    fn columns_stand_under_their_names() {
        let lines = table_lines(&table(&[json!("one"), json!("\u{1b}[2J")]));
        assert_eq!(lines, ["thing  size", "one     0.5", "?[2J    0.5"]);
    }
}
