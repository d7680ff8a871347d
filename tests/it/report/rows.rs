//! Rows for reports: of each kind, at the times and in the number that a test asks for. Made by
//! hand, since the program writes the present only.

use chrono::{DateTime, Utc};
use horde_validator::devnet::accounts::Account;
use rusqlite::Connection;

/// What a stranger may write into a comment.
pub(crate) const HOSTILE: &str = "</td></table><script>console.log('ran')</script>\"><img src=x \
    onerror=console.log('ran')>'&lt;\u{0}\u{1b}[2J\u{202e}<style>*{display:none}</style>";

/// So much of everything, evenly spread.
#[derive(Clone, Copy)]
pub(crate) struct Amount {
    pub(crate) days: u32,
    pub(crate) batches: u32,
    /// Miners, each with one job in each batch and one weight in each row of weights.
    pub(crate) miners: u16,
    pub(crate) organic_jobs: u32,
    pub(crate) passes: u32,
}

/// Fills a database up to now.
pub(crate) fn fill(db: &Connection, amount: Amount, now: DateTime<Utc>) {
    db.execute_batch(
        "PRAGMA synchronous = OFF; BEGIN;
         CREATE TEMP TABLE miners (uid INTEGER PRIMARY KEY, hotkey TEXT);
         CREATE TEMP TABLE strangers (says TEXT);
         CREATE TEMP TABLE span (days INTEGER, now TEXT);",
    )
    .expect("room to work in");
    for uid in 1..=amount.miners {
        let hotkey = Account::miner(uid.into()).hotkey().to_string();
        db.execute("INSERT INTO miners VALUES (?1, ?2)", (uid, hotkey))
            .expect("a miner");
    }
    db.execute("INSERT INTO strangers VALUES (?1)", [HOSTILE])
        .expect("a text");
    let now = now.format("%Y-%m-%d %H:%M:%S%.3f").to_string();
    db.execute("INSERT INTO span VALUES (?1, ?2)", (amount.days, now))
        .expect("a span");
    db.execute_batch(
        &ROWS
            .replace("$BATCHES", &amount.batches.to_string())
            .replace("$ORGANIC", &amount.organic_jobs.to_string())
            .replace("$PASSES", &amount.passes.to_string()),
    )
    .expect("filled");
}

/// `$BATCHES`, `$ORGANIC` and `$PASSES` are numbers of rows. Weights are one row for each batch.
const ROWS: &str = "
CREATE TEMP VIEW batch_times AS
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $BATCHES)
    SELECT i, strftime('%Y-%m-%dT%H:%M:%f000Z', now,
                       '-' || ((($BATCHES - i) * 86400.0 * days / $BATCHES) + 1) || ' seconds') AS at
    FROM n, span;
INSERT INTO weights (id, way, state, netuid, version_key, entries, salt, decided_block, window_stop,
                     created_at, updated_at)
    SELECT i, 'hash', CASE WHEN i = $BATCHES THEN 'placed' WHEN i % 29 = 0 THEN 'given_up'
                           ELSE 'final' END, 12, 0,
           (SELECT json_group_array(json_object('uid', uid, 'hotkey', hotkey, 'value',
                abs(30000 - uid * 400 + ((i + uid * 7) % 40) * 150) % 65536)) FROM miners),
           '[1, 2]', 1000 + i * 720, 1700 + i * 720, at, at
    FROM batch_times;
INSERT INTO batches (id, uuid, origin, state, cycle_start, cycle_stop, block, planned_at, started_at,
                     started_block, ended_at, weights_id, note, telemetry)
    SELECT i, 'b' || i, 'planned', state, i * 720, i * 720 + 720, i * 720 + 100, at,
           CASE WHEN state <> 'missed' THEN at END, CASE WHEN state <> 'missed' THEN i * 720 END,
           CASE WHEN state = 'done'
                THEN strftime('%Y-%m-%dT%H:%M:%f000Z', at, '+610.25 seconds') END,
           CASE WHEN state = 'done' THEN i END,
           CASE WHEN i % 10 = 3 THEN says ELSE '' END,
           CASE WHEN state = 'done' THEN json_object('stage_start_time', json_object(
                'manifests', strftime('%Y-%m-%dT%H:%M:%f+00:00', at, '+0.5 seconds'),
                'jobs made', strftime('%Y-%m-%dT%H:%M:%f+00:00', at, '+30.5 seconds'),
                'initial requests', strftime('%Y-%m-%dT%H:%M:%f+00:00', at, '+42 seconds'),
                'job requests', strftime('%Y-%m-%dT%H:%M:%f+00:00', at, '+140 seconds'),
                'LLM answers', strftime('%Y-%m-%dT%H:%M:%f+00:00', at, '+500 seconds'),
                'scores', strftime('%Y-%m-%dT%H:%M:%f+00:00', at, '+602 seconds'),
                'finished receipts', strftime('%Y-%m-%dT%H:%M:%f+00:00', at, '+602.1 seconds'),
                'events', strftime('%Y-%m-%dT%H:%M:%f+00:00', at, '+609 seconds'),
                'close', strftime('%Y-%m-%dT%H:%M:%f+00:00', at, '+610 seconds')))
                ELSE '{}' END
    FROM (SELECT i, at, says, CASE WHEN i % 17 = 2 THEN 'missed' WHEN i % 23 = 2 THEN 'broken'
                                   ELSE 'done' END AS state FROM batch_times, strangers);
INSERT INTO jobs (uuid, batch_id, hotkey, address, ip_version, port, executor_class, status, correct,
                  comment, description, score, time_took_us, times)
    SELECT b.id || '-' || uid, b.id, hotkey, '192.0.2.1', 4, 8000,
           CASE WHEN uid % 4 = 3 THEN 'always_on.llm.a6000' WHEN uid % 7 = 5
                THEN 'spin_up-4min.gpu-24gb' ELSE 'always_on.gpu-24gb' END,
           CASE WHEN (b.id + uid) % 9 < 7 THEN 'COMPLETED' ELSE 'FAILED' END,
           CASE WHEN (b.id + uid) % 9 < 7 THEN 1 WHEN (b.id + uid) % 9 = 7 THEN 0 END,
           says, '', 0.5,
           CASE WHEN (b.id + uid) % 9 < 8
                THEN 4000000 + uid * 300000 + (b.id * 7919 % 1000) * 9000 END,
           '{\"job_before_sent\": 1, \"job_after_sent\": 2, \"job_response\": 3}'
    FROM batches b, miners, strangers WHERE b.state = 'done';
INSERT INTO organic_jobs (uuid, hotkey, executor_class, description, status, comment, created_at,
                          ended_at)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $ORGANIC),
         t (i, at) AS (
             SELECT i, strftime('%Y-%m-%dT%H:%M:%f000Z', now,
                 '-' || ((($ORGANIC - i) * 86400.0 * days / $ORGANIC) + 900) || ' seconds')
             FROM n, span)
    SELECT 'o' || i, hotkey, 'always_on.gpu-24gb', '',
           CASE WHEN i % 40 = 1 THEN 'RUNNING' WHEN i % 6 = 2 THEN 'FAILED' ELSE 'COMPLETED' END,
           CASE WHEN i % 6 = 2 THEN says ELSE '' END, at,
           CASE WHEN i % 40 <> 1 THEN strftime('%Y-%m-%dT%H:%M:%f000Z', at,
                '+' || (2 + (i * 7919 % 1000) / 25.0 + (i % 50 = 7) * 500) || ' seconds') END
    FROM t, strangers JOIN miners ON uid = 1 + i % (SELECT count(*) FROM miners);
INSERT INTO passes (name, version, started_at, ended_at, outcome, summary)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $PASSES),
         t (i, at) AS (
             SELECT i, strftime('%Y-%m-%dT%H:%M:%f000Z', now,
                 '-' || ((($PASSES - i) * 86400.0 * days / $PASSES) + 2) || ' seconds')
             FROM n, span)
    SELECT name, '0.1.0', at, CASE WHEN outcome IS NOT NULL THEN at END, outcome,
           CASE WHEN outcome IS NOT NULL THEN says END
    FROM (SELECT i, at, says,
                 CASE i % 4 WHEN 0 THEN 'run-synthetic' WHEN 1 THEN 'set-weights'
                            WHEN 2 THEN 'backup-db' ELSE 'relay-organic' END AS name,
                 CASE WHEN i % 50 = 7 THEN 'failed' WHEN i % 61 = 8 THEN 'unreachable'
                      WHEN i % 97 = 9 THEN 'interrupted' WHEN i % 113 = 10 THEN 'misconfigured'
                      WHEN i % 31 = 11 THEN NULL WHEN i % 3 = 0 THEN 'idle' ELSE 'done' END
                 AS outcome
          FROM t, strangers);
INSERT INTO events (type, subtype, timestamp, description, data)
    SELECT CASE WHEN i % 11 = 4 THEN 'WEIGHT_SETTING_FAILURE' ELSE 'WEIGHT_SETTING_SUCCESS' END,
           CASE WHEN i % 11 = 4 THEN 'REVEAL_WEIGHTS_ERROR' WHEN i % 2 = 0
                THEN 'COMMIT_WEIGHTS_SUCCESS' ELSE 'REVEAL_WEIGHTS_SUCCESS' END,
           at, CASE WHEN i % 11 = 4 THEN says ELSE 'weights ' || i || ' committed' END,
           json_object('weights', i)
    FROM batch_times, strangers;
INSERT INTO events (type, subtype, timestamp, description, data)
    SELECT 'VALIDATOR_TELEMETRY', 'CHECKPOINT', at, 'not for a report', '{}' FROM batch_times;
INSERT INTO backups (name, folder, made_at, bytes, sha256, removed_at, verified_at)
    SELECT 'db_dump_' || i || '.sqlite.zst', '/var/lib/horde/backups', at, 1000000 + i * 7, 'x',
           CASE WHEN i % 5 = 0 THEN at END, CASE WHEN i % 3 = 0 THEN at END
    FROM batch_times WHERE i % 9 = 0;
INSERT INTO backup_copies (backup, target, outcome, finding, at)
    SELECT name, target, CASE WHEN target = 's3' AND bytes % 2 = 0 THEN 'failed' ELSE 'sent' END,
           CASE WHEN target = 's3' AND bytes % 2 = 0 THEN says ELSE '' END, made_at
    FROM backups, strangers, (SELECT 'b2' AS target UNION SELECT 's3');
COMMIT;
DROP TABLE miners; DROP TABLE strangers; DROP VIEW batch_times; DROP TABLE span;
";
