//! The one form of all evidence: facts by name, and tables.

use serde_json::Value;

/// Everything that was asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// Name and value, in the order in which they are read. No fact is named like a table.
    pub facts: Vec<(&'static str, Value)>,
    /// The main one comes first.
    pub tables: Vec<Table>,
}

/// Rows of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub name: &'static str,
    /// The first one names a row; the others come in the order of their importance.
    pub columns: &'static [&'static str],
    /// As many cells in each as there are columns.
    pub rows: Vec<Vec<Value>>,
}

impl Evidence {
    /// Rows alone.
    pub(super) fn list(table: Table) -> Self {
        Self {
            facts: Vec::new(),
            tables: vec![table],
        }
    }
}

impl Table {
    pub(super) fn new<T>(
        name: &'static str,
        columns: &'static [&'static str],
        things: impl IntoIterator<Item = T>,
        row: impl Fn(T) -> Vec<Value>,
    ) -> Self {
        Self {
            name,
            columns,
            rows: things.into_iter().map(row).collect(),
        }
    }
}
