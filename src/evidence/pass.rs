//! Passes: which subcommand ran when, and how it ended.

use serde_json::Value;

use super::cell::{second, second_of, seconds_between};
use super::{Evidence, EvidenceError, Table};
use crate::store::{Filter, PassRow, Store};

/// Passes by their start, name and outcome.
pub fn passes(store: &Store, filter: &Filter) -> Result<Evidence, EvidenceError> {
    let columns = &[
        "pass",
        "name",
        "started_at",
        "seconds",
        "outcome",
        "summary",
    ];
    let rows = store.find_passes(filter)?;
    Ok(Evidence::list(Table::new(
        "passes",
        columns,
        rows,
        |pass| {
            vec![
                pass.id.number().into(),
                pass.name.clone().into(),
                second(pass.started_at),
                duration(&pass),
                outcome(&pass),
                pass.end.map_or(Value::Null, |end| end.summary.into()),
            ]
        },
    )))
}

/// One pass by its number.
pub fn pass(store: &Store, number: i64) -> Result<Evidence, EvidenceError> {
    let found = store.pass(number)?;
    let pass = found.ok_or_else(|| EvidenceError::unknown("pass", number, "passes"))?;
    Ok(Evidence {
        facts: vec![
            ("pass", pass.id.number().into()),
            ("name", pass.name.clone().into()),
            ("version", pass.version.clone().into()),
            ("started_at", second(pass.started_at)),
            ("ended_at", second_of(pass.end.as_ref().map(|end| end.at))),
            ("seconds", duration(&pass)),
            ("outcome", outcome(&pass)),
            (
                "summary",
                pass.end.map_or(Value::Null, |end| end.summary.into()),
            ),
        ],
        tables: Vec::new(),
    })
}

/// `running` also stands for a pass that was killed.
fn outcome(pass: &PassRow) -> Value {
    let end = pass.end.as_ref();
    end.map_or("running", |end| end.outcome.name()).into()
}

fn duration(pass: &PassRow) -> Value {
    let end = pass.end.as_ref();
    end.and_then(|end| seconds_between(pass.started_at, end.at))
        .into()
}
