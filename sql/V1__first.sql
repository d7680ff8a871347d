-- Times are UTC text `YYYY-MM-DDTHH:MM:SS.ffffffZ`, blocks are heights, hotkeys are SS58 text.
-- Lists and objects are JSON text. Migrations only add.

-- Facts about this database itself: the chain it belongs to, what it was restored from.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- One row per run of a subcommand; `ended_at` is NULL while it runs and after it was killed.
CREATE TABLE passes (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    version    TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at   TEXT,
    outcome    TEXT CHECK (outcome IN ('done', 'idle', 'failed', 'unreachable', 'misconfigured', 'interrupted')),
    summary    TEXT,
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
) STRICT;
CREATE INDEX passes_by_name ON passes (name, id);

-- Dynamic parameters: what the subnet owner published and what the operator pinned.
CREATE TABLE params (
    name       TEXT NOT NULL,
    source     TEXT NOT NULL CHECK (source IN ('published', 'pinned')),
    value      TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (name, source)
) STRICT;

CREATE TABLE events (
    id          INTEGER PRIMARY KEY,
    type        TEXT NOT NULL,
    subtype     TEXT NOT NULL,
    timestamp   TEXT NOT NULL,
    description TEXT NOT NULL,
    data        TEXT NOT NULL,
    sent_at     TEXT
) STRICT;
CREATE INDEX events_unsent ON events (id) WHERE sent_at IS NULL;
CREATE INDEX events_by_type ON events (type, subtype, id);

-- What is about to be done to the outside, stored before it is done.
-- A pending intent is settled by asking the outside, never by doing it again.
CREATE TABLE intents (
    id         INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL,
    subject    INTEGER NOT NULL,
    detail     TEXT NOT NULL,
    state      TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'refused', 'void')),
    outcome    TEXT,
    created_at TEXT NOT NULL,
    settled_at TEXT,
    CHECK ((state = 'pending') = (settled_at IS NULL))
) STRICT;
CREATE INDEX intents_pending ON intents (kind, id) WHERE state = 'pending';
CREATE INDEX intents_by_subject ON intents (kind, subject, id);

CREATE TABLE weights (
    id            INTEGER PRIMARY KEY,
    way           TEXT NOT NULL CHECK (way IN ('set', 'hash', 'timelock')),
    -- decided: on disk only; placed: set or committed on chain; final: in force as read back
    state         TEXT NOT NULL CHECK (state IN ('decided', 'placed', 'final', 'given_up')),
    netuid        INTEGER NOT NULL,
    version_key   INTEGER NOT NULL,
    entries       TEXT NOT NULL,          -- [[uid, value, hotkey], ...]
    salt          TEXT NOT NULL,          -- [u16, ...], empty where the way needs none
    commit_hash   TEXT,                   -- hash or hash of the ciphertext, once known
    decided_block INTEGER NOT NULL,
    window_stop   INTEGER NOT NULL,       -- first block at which placing is given up
    placed_block  INTEGER,
    reveal_from   INTEGER,                -- as the chain's own record says, where it does
    reveal_until  INTEGER,
    reveal_round  INTEGER,                -- drand round of a time-locked commit
    final_block   INTEGER,
    note          TEXT NOT NULL DEFAULT '',
    created_at    TEXT NOT NULL,
    updated_at    TEXT NOT NULL
) STRICT;
CREATE INDEX weights_open ON weights (id) WHERE state IN ('decided', 'placed');

CREATE TABLE batches (
    id            INTEGER PRIMARY KEY,
    uuid          TEXT NOT NULL UNIQUE,
    origin        TEXT NOT NULL CHECK (origin IN ('planned', 'now')),
    state         TEXT NOT NULL CHECK (state IN ('planned', 'missed', 'started', 'done', 'broken')),
    cycle_start   INTEGER NOT NULL,
    cycle_stop    INTEGER NOT NULL,
    block         INTEGER NOT NULL,
    planned_at    TEXT NOT NULL,
    started_at    TEXT,
    started_block INTEGER,
    ended_at      TEXT,
    -- what came of its scores
    weights_id    INTEGER REFERENCES weights (id),
    superseded_at TEXT,
    note          TEXT NOT NULL DEFAULT '',
    telemetry     TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE UNIQUE INDEX batches_one_plan_per_cycle ON batches (cycle_start) WHERE origin = 'planned';
CREATE INDEX batches_by_state ON batches (state, id);

-- One row per miner asked in a batch. `claimed` and `online` are NULL if it sent no manifest:
-- claimed = executors in the (capped) manifest, online = jobs that succeeded.
CREATE TABLE batch_miners (
    batch_id   INTEGER NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
    hotkey     TEXT NOT NULL,
    address    TEXT NOT NULL,
    ip_version INTEGER NOT NULL CHECK (ip_version IN (4, 6)),
    port       INTEGER NOT NULL,
    manifest   TEXT,                        -- {executor class: count}
    claimed    INTEGER,
    online     INTEGER,
    comment    TEXT NOT NULL,               -- why there is no manifest
    PRIMARY KEY (batch_id, hotkey),
    CHECK ((claimed IS NULL) = (online IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX batch_miners_by_hotkey ON batch_miners (hotkey, batch_id);

-- Times of a job are microseconds of Unix time, NULL where the step never happened.
CREATE TABLE jobs (
    id              INTEGER PRIMARY KEY,
    uuid            TEXT NOT NULL UNIQUE,
    batch_id        INTEGER NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
    hotkey          TEXT NOT NULL,
    address         TEXT NOT NULL,
    ip_version      INTEGER NOT NULL CHECK (ip_version IN (4, 6)),
    port            INTEGER NOT NULL,
    executor_class  TEXT NOT NULL,
    status          TEXT NOT NULL CHECK (status IN ('COMPLETED', 'FAILED')),
    correct         INTEGER CHECK (correct IN (0, 1)),
    comment         TEXT NOT NULL,
    description     TEXT NOT NULL,
    score           REAL NOT NULL CHECK (score >= 0),
    multiplier      REAL,
    time_took_us    INTEGER,
    times           TEXT NOT NULL           -- {step: microseconds}
) STRICT;
CREATE INDEX jobs_by_batch ON jobs (batch_id, hotkey);
CREATE INDEX jobs_by_hotkey ON jobs (hotkey, id);

CREATE TABLE receipts (
    type                TEXT NOT NULL CHECK (type IN ('JobStartedReceipt', 'JobFinishedReceipt')),
    job_uuid            TEXT NOT NULL,
    miner_hotkey        TEXT NOT NULL,
    validator_hotkey    TEXT NOT NULL,
    validator_signature TEXT NOT NULL,
    miner_signature     TEXT,               -- NULL: our own copy, not fetched from the miner
    time                TEXT NOT NULL,      -- accepted or started
    payload             TEXT NOT NULL,
    PRIMARY KEY (type, job_uuid)
) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_by_miner ON receipts (miner_hotkey, type, time);
