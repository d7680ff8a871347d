-- Jobs of users, the address book, blocked miners; receipts of other validators.

-- Neurons as last read from the chain, so that a miner is found also when the chain is away.
CREATE TABLE neurons (
    uid        INTEGER PRIMARY KEY,
    hotkey     TEXT NOT NULL UNIQUE,
    host       TEXT,                      -- NULL: not serving
    port       INTEGER CHECK (port BETWEEN 1 AND 65535),
    stake_rao  INTEGER NOT NULL,
    has_permit INTEGER NOT NULL CHECK (has_permit IN (0, 1)),
    CHECK ((host IS NULL) = (port IS NULL))
) STRICT;

-- Miners that get no jobs of users.
CREATE TABLE blocked_miners (
    hotkey     TEXT PRIMARY KEY,
    reason     TEXT NOT NULL,
    blocked_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A row is committed before anybody is asked to do the job, so that no job is done twice.
-- `running`: it runs, or the pass that ran it was killed.
CREATE TABLE organic_jobs (
    id             INTEGER PRIMARY KEY,
    uuid           TEXT NOT NULL UNIQUE,
    hotkey         TEXT NOT NULL,
    address        TEXT,                  -- NULL: the miner was never found
    ip_version     INTEGER CHECK (ip_version IN (4, 6)),
    port           INTEGER,
    executor_class TEXT NOT NULL,
    description    TEXT NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('RUNNING', 'COMPLETED', 'FAILED')),
    comment        TEXT NOT NULL DEFAULT '',
    stdout         TEXT NOT NULL DEFAULT '',
    stderr         TEXT NOT NULL DEFAULT '',
    exit_status    INTEGER,
    times          TEXT NOT NULL DEFAULT '{}',  -- {step: microseconds of Unix time}
    created_at     TEXT NOT NULL,
    ended_at       TEXT,
    CHECK ((status = 'RUNNING') = (ended_at IS NULL))
) STRICT;
CREATE INDEX organic_jobs_running ON organic_jobs (id) WHERE status = 'RUNNING';
CREATE INDEX organic_jobs_by_hotkey ON organic_jobs (hotkey, id);

-- A miner may publish a receipt for a job that was another's; it must not take the other's place.
CREATE TABLE receipts_by_miner_and_job (
    miner_hotkey        TEXT NOT NULL,
    type                TEXT NOT NULL CHECK (type IN ('JobStartedReceipt', 'JobFinishedReceipt')),
    job_uuid            TEXT NOT NULL,
    validator_hotkey    TEXT NOT NULL,
    validator_signature TEXT NOT NULL,
    miner_signature     TEXT,               -- NULL: our own copy, not fetched from the miner
    time                TEXT NOT NULL,      -- accepted or started
    payload             TEXT NOT NULL,
    PRIMARY KEY (miner_hotkey, type, job_uuid)
) STRICT, WITHOUT ROWID;
INSERT INTO receipts_by_miner_and_job
    SELECT miner_hotkey, type, job_uuid, validator_hotkey, validator_signature, miner_signature,
           time, payload
    FROM receipts;
DROP TABLE receipts;
ALTER TABLE receipts_by_miner_and_job RENAME TO receipts;
CREATE INDEX receipts_by_miner ON receipts (miner_hotkey, type, time);
CREATE INDEX receipts_by_time ON receipts (time);
CREATE INDEX receipts_by_job ON receipts (job_uuid);
