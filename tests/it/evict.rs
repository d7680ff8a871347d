//! Rows past their time go away; nothing that is still needed does.

use chrono::{TimeDelta, Utc};
use predicates::str::contains;
use rusqlite::Connection;

use crate::host::Host;

/// Ten years of rows of every kind, one day apart, made by hand so that each has the age it needs.
pub(crate) fn ten_years(host: &Host) {
    let db = Connection::open(host.database()).expect("it opens");
    db.execute_batch(
        "PRAGMA foreign_keys = ON;
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3650)
         INSERT INTO passes (name, version, started_at, ended_at, outcome)
         SELECT name, '', day, day, outcome FROM
             (SELECT strftime('%Y-%m-%dT%H:%M:%S.000000Z', 'now', '-' || i || ' days') AS day FROM n),
             (SELECT 'a' AS name, 'idle' AS outcome UNION SELECT 'b', 'failed')
         ORDER BY day;
         INSERT INTO events (type, subtype, timestamp, description, data, sent_at)
         SELECT 'x', 'x', started_at, '', '{}', CASE name WHEN 'a' THEN started_at END FROM passes;
         INSERT INTO intents (kind, subject, detail, state, created_at, settled_at)
         SELECT 'x', 1, '{}', CASE name WHEN 'a' THEN 'done' ELSE 'pending' END, started_at,
                CASE name WHEN 'a' THEN started_at END FROM passes;
         INSERT INTO weights (way, state, netuid, version_key, entries, salt, decided_block,
                              window_stop, created_at, updated_at)
         SELECT 'set', CASE name WHEN 'a' THEN 'final' ELSE 'placed' END, 12, 0, '[]', '[]', 1, 2,
                started_at, started_at FROM passes;
         INSERT INTO batches (uuid, origin, state, cycle_start, cycle_stop, block, planned_at,
                              weights_id)
         SELECT id, 'now', 'done', id, id + 1, id, created_at, id FROM weights;
         INSERT INTO batch_miners (batch_id, hotkey, address, ip_version, port, comment)
         SELECT id, 'x', 'x', 4, 1, '' FROM batches;
         INSERT INTO prompt_series (uuid, url, generator_version, created_at)
         VALUES ('x', 'x', 0, '2020-01-01T00:00:00.000000Z');
         INSERT INTO prompt_workloads (uuid, seed, url, created_at, finished_at)
         SELECT id, 1, 'x', started_at, started_at FROM passes;
         INSERT INTO prompt_samples (series_id, workload_id, taken_at)
         SELECT 1, id, CASE id % 2 WHEN 0 THEN finished_at END FROM prompt_workloads;
         INSERT INTO prompts (sample_id, content) SELECT id, 'x' FROM prompt_samples;
         INSERT INTO organic_jobs (uuid, hotkey, executor_class, description, status, created_at,
                                   ended_at)
         SELECT id, 'x', 'x', '', CASE name WHEN 'a' THEN 'FAILED' ELSE 'RUNNING' END, started_at,
                CASE name WHEN 'a' THEN started_at END FROM passes;",
    )
    .expect("filled");
}

#[test]
fn what_is_past_its_time_goes_and_what_is_needed_stays() {
    let host = Host::new();
    drop(horde_validator::store::Store::open_or_create(&host.database()).expect("a database"));
    ten_years(&host);
    let db = Connection::open(host.database()).expect("it opens");
    let count = |sql: &str| -> i64 {
        db.query_row(&format!("SELECT count(*) FROM {sql}"), [], |row| row.get(0))
            .expect("a number")
    };
    let age = |days: i64| {
        let time = Utc::now() - TimeDelta::days(days);
        time.format("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
    };
    let report = host.json(&["evict"]);
    assert_eq!(report["outcome"], "done");
    // newest ones of the last two days, and today's own
    assert_eq!(count("passes WHERE name = 'a'"), 1);
    assert_eq!(count("passes WHERE name = 'b'"), 89);
    assert_eq!(count("events WHERE sent_at IS NOT NULL"), 29);
    assert_eq!(count("events WHERE sent_at IS NULL"), 89);
    assert_eq!(count("intents WHERE state = 'pending'"), 3650);
    assert_eq!(count("intents WHERE state <> 'pending'"), 89);
    assert_eq!(count("batches"), count("batch_miners"));
    assert_eq!(
        count(&format!("batches WHERE planned_at < '{}'", age(366))),
        0
    );
    assert_eq!(count("batches"), 2 * 364);
    assert_eq!(count("weights WHERE state = 'placed'"), 3650);
    assert_eq!(count("weights WHERE state = 'final'"), 364);
    assert_eq!(count("organic_jobs WHERE status = 'RUNNING'"), 3650);
    assert_eq!(count("organic_jobs WHERE status = 'FAILED'"), 89);
    assert_eq!(count("prompt_samples WHERE taken_at IS NULL"), 3650);
    assert_eq!(count("prompt_samples WHERE taken_at IS NOT NULL"), 29);
    assert_eq!(count("prompts"), count("prompt_samples"));
    assert_eq!(count("prompt_workloads"), count("prompt_samples"));
    host.horde(&["evict"])
        .success()
        .stdout(contains("nothing is past its time"));
}
