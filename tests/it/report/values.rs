//! Every value on the page is the one that the database holds.

use std::collections::BTreeMap;

use chrono::DateTime;
use rusqlite::Connection;

use super::browser::{Browser, Cells};
use super::{WEEK, database, host, shown, write_page};

/// The rows of a query, all columns as text, by the first one.
fn rows(db: &Connection, sql: &str) -> BTreeMap<String, Vec<String>> {
    let mut query = db.prepare(sql).expect("SQL");
    let columns = query.column_count();
    let rows = query.query_map([], |row| {
        let texts = (0..columns).map(|i| {
            Ok(match row.get::<_, rusqlite::types::Value>(i)? {
                rusqlite::types::Value::Null => String::new(),
                rusqlite::types::Value::Integer(number) => number.to_string(),
                rusqlite::types::Value::Real(number) => number.to_string(),
                rusqlite::types::Value::Text(text) => text,
                rusqlite::types::Value::Blob(_) => panic!("no blobs here"),
            })
        });
        texts.collect::<Result<Vec<_>, rusqlite::Error>>()
    });
    let rows = rows.expect("rows").map(|row| row.expect("a row"));
    rows.map(|row| (row[0].clone(), row)).collect()
}

/// Every row of the query stands in the table, with these values in these columns.
fn assert_table(cells: &Cells, db: &Connection, table: &str, columns: &[&str], sql: &str) {
    let expected = rows(db, sql);
    assert!(!expected.is_empty(), "{table}");
    for (key, row) in &expected {
        for (column, value) in columns.iter().zip(&row[1..]) {
            let name = format!("{table}/{key}/{column}");
            let (found, _) = cells.get(&name).unwrap_or_else(|| panic!("no {name}"));
            let same_number = || {
                let numbers = (found.parse::<f64>().ok()?, value.parse::<f64>().ok()?);
                Some((numbers.0 - numbers.1).abs() < 2e-3)
            };
            let same_time = || {
                let found = DateTime::parse_from_rfc3339(found).ok()?;
                Some(found == DateTime::parse_from_rfc3339(value).ok()?)
            };
            let is_same = *found == shown(value)
                || same_number().unwrap_or(false)
                || same_time().unwrap_or(false);
            assert!(is_same, "{name}: {found} is not {value}");
        }
    }
}

#[test]
fn the_page_says_what_the_database_says() {
    let Some(browser) = Browser::new() else {
        return;
    };
    let host = host(WEEK);
    let db = database(&host);
    let rendered = browser.render(&write_page(&host, &[]));
    assert_eq!(rendered.complaints, [""; 0]);
    assert_eq!(rendered.wanted, [""; 0]);
    let cells = rendered.cells();
    let check = |table: &str, columns: &[&str], sql: &str| {
        assert_table(&cells, &db, table, columns, sql);
    };
    check(
        "batches",
        &[
            "completed",
            "wrong",
            "failed",
            "state",
            "block",
            "planned_at",
            "weights",
            "note",
            "seconds",
        ],
        "SELECT b.id, count(j.id) FILTER (WHERE status = 'COMPLETED'),
                count(j.id) FILTER (WHERE status = 'FAILED' AND correct = 0),
                count(j.id) FILTER (WHERE status = 'FAILED' AND correct IS NOT 0),
                b.state, block, planned_at, weights_id, note,
                (julianday(ended_at) - julianday(started_at)) * 86400
         FROM batches b LEFT JOIN jobs j ON j.batch_id = b.id
         GROUP BY b.id ORDER BY b.id DESC LIMIT 20",
    );
    check(
        "weights",
        &["hotkey", "weight", "share"],
        "SELECT e.value ->> 'uid', e.value ->> 'hotkey', e.value ->> 'value',
                1.0 * (e.value ->> 'value') / sum(e.value ->> 'value') OVER ()
         FROM weights w, json_each(w.entries) e WHERE w.id = (SELECT max(id) FROM weights)",
    );
    check(
        "job_times",
        &["count", "max_s"],
        "SELECT executor_class, count(*), max(time_took_us) / 1e6 FROM jobs
         WHERE status = 'COMPLETED' GROUP BY 1",
    );
    // numbers in order, of which the one in the middle is the median
    check(
        "job_times",
        &["median_s"],
        "SELECT executor_class, avg(time_took_us) / 1e6 FROM
             (SELECT executor_class, time_took_us, count(*) OVER (PARTITION BY executor_class) AS n,
                     row_number() OVER (PARTITION BY executor_class ORDER BY time_took_us) AS i
              FROM jobs WHERE status = 'COMPLETED')
         WHERE i IN ((n + 1) / 2, n / 2 + 1) GROUP BY 1",
    );
    check(
        "organic",
        &["status", "hotkey", "comment", "created_at", "seconds"],
        "SELECT uuid, lower(status), hotkey, comment, created_at,
                (julianday(ended_at) - julianday(created_at)) * 86400
         FROM organic_jobs ORDER BY id DESC LIMIT 20",
    );
    check(
        "chain_events",
        &["subtype", "description", "weights", "at"],
        "SELECT id, subtype, description, data ->> 'weights', timestamp FROM events
         WHERE type LIKE 'WEIGHT%' ORDER BY id DESC LIMIT 30",
    );
    for outcome in [
        "done",
        "idle",
        "failed",
        "unreachable",
        "interrupted",
        "misconfigured",
    ] {
        check(
            "passes",
            &[outcome],
            &format!(
                "SELECT name, count(*) FILTER (WHERE outcome = '{outcome}') FROM passes GROUP BY 1"
            ),
        );
    }
    check(
        "passes",
        &["running", "newest_at"],
        "SELECT name, count(*) FILTER (WHERE outcome IS NULL), max(started_at)
         FROM passes GROUP BY 1",
    );
    check(
        "ended_badly",
        &["name", "outcome", "summary", "started_at"],
        "SELECT id, name, outcome, summary, started_at FROM passes
         WHERE outcome NOT IN ('done', 'idle') ORDER BY id DESC LIMIT 20",
    );
    check(
        "backups",
        &["bytes", "made_at", "verified_at"],
        "SELECT name, bytes, made_at, verified_at FROM backups",
    );
    check(
        "stages",
        &["66", "67", "68", "69"],
        "SELECT * FROM (VALUES ('manifests', 30, 30, 30, 30), ('job requests', 360, 360, 360, 360),
                               ('close', 0.25, 0.25, 0.25, 0.25))",
    );
    let number = |cell: &str| cells.get(cell).map(|(value, _)| value.clone());
    let count = |sql: &str| {
        let counted = rows(&db, &format!("SELECT count(*) FROM {sql}"));
        counted.into_keys().next()
    };
    for (cell, sql) in [
        ("jobs/completed", "jobs WHERE status = 'COMPLETED'"),
        ("jobs/wrong", "jobs WHERE status = 'FAILED' AND correct = 0"),
        (
            "jobs/failed",
            "jobs WHERE status = 'FAILED' AND correct IS NULL",
        ),
        ("batches/states/missed", "batches WHERE state = 'missed'"),
        ("batches/states/broken", "batches WHERE state = 'broken'"),
        ("batches/more", "(SELECT 1 FROM batches LIMIT -1 OFFSET 20)"),
        (
            "weights/states/given_up",
            "weights WHERE state = 'given_up'",
        ),
        (
            "organic/completed",
            "organic_jobs WHERE status = 'COMPLETED'",
        ),
        ("organic/failed", "organic_jobs WHERE status = 'FAILED'"),
        ("organic/running", "organic_jobs WHERE status = 'RUNNING'"),
        (
            "organic/more",
            "(SELECT 1 FROM organic_jobs LIMIT -1 OFFSET 20)",
        ),
        (
            "chain_events/failures",
            "events WHERE type = 'WEIGHT_SETTING_FAILURE'",
        ),
        (
            "chain_events/successes",
            "events WHERE type = 'WEIGHT_SETTING_SUCCESS'",
        ),
    ] {
        assert_eq!(number(cell), count(sql), "{cell}");
    }
}
