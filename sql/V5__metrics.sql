-- What is counted outlives the rows that it was counted from: rows are evicted, counts only grow.
-- Triggers count, so that no writer can forget it, and a count is committed with what it counts.
-- Labels are JSON objects with their keys in order; texts from outside never become labels.

-- What weights were made from: scores, and the parameters of that moment.
ALTER TABLE weights ADD COLUMN basis TEXT NOT NULL DEFAULT '{}';

-- The newest good pass of each name is asked for at every scrape.
CREATE INDEX passes_good ON passes (name, id) WHERE outcome IN ('done', 'idle');

CREATE TABLE counters (
    metric TEXT NOT NULL,
    labels TEXT NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (metric, labels)
) STRICT, WITHOUT ROWID;

-- One row per bucket: values that are at most `upper`, and more than the bound below it.
CREATE TABLE histograms (
    metric TEXT NOT NULL,
    labels TEXT NOT NULL,
    upper  REAL NOT NULL,
    count  INTEGER NOT NULL,
    total  REAL NOT NULL,
    PRIMARY KEY (metric, labels, upper)
) STRICT, WITHOUT ROWID;

CREATE TABLE histogram_bounds (
    scale TEXT NOT NULL,
    upper REAL NOT NULL,
    PRIMARY KEY (scale, upper)
) STRICT, WITHOUT ROWID;
-- 9e999 is the infinity that takes the rest
INSERT INTO histogram_bounds (scale, upper) VALUES
    ('seconds', 0.001), ('seconds', 0.005), ('seconds', 0.02), ('seconds', 0.1), ('seconds', 0.5),
    ('seconds', 1), ('seconds', 2.5), ('seconds', 5), ('seconds', 10), ('seconds', 30),
    ('seconds', 60), ('seconds', 180), ('seconds', 600), ('seconds', 1800), ('seconds', 7200),
    ('seconds', 9e999),
    ('score', 0), ('score', 0.1), ('score', 0.2), ('score', 0.3), ('score', 0.4), ('score', 0.5),
    ('score', 0.6), ('score', 0.7), ('score', 0.8), ('score', 0.9), ('score', 1), ('score', 1.1),
    ('score', 9e999);

CREATE TRIGGER passes_counted AFTER UPDATE OF outcome ON passes
WHEN OLD.outcome IS NULL AND NEW.outcome IS NOT NULL
BEGIN
    INSERT INTO counters
        VALUES ('horde_passes_total', json_object('outcome', NEW.outcome, 'pass', NEW.name), 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
    INSERT INTO histograms
        SELECT 'horde_pass_duration_seconds', json_object('pass', NEW.name), min(upper), 1, value
        FROM histogram_bounds, (SELECT coalesce(max(0.0,
            (julianday(NEW.ended_at) - julianday(NEW.started_at)) * 86400.0), 0.0) AS value)
        WHERE scale = 'seconds' AND upper >= value
        ON CONFLICT DO UPDATE SET count = count + 1, total = total + excluded.total;
END;

CREATE TRIGGER batches_begun AFTER INSERT ON batches
BEGIN
    INSERT INTO counters VALUES ('horde_batches_total', json_object('state', NEW.state), 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER batches_counted AFTER UPDATE OF state ON batches WHEN OLD.state <> NEW.state
BEGIN
    INSERT INTO counters VALUES ('horde_batches_total', json_object('state', NEW.state), 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER batches_timed AFTER UPDATE OF ended_at ON batches
WHEN OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL
BEGIN
    INSERT INTO histograms
        SELECT 'horde_batch_duration_seconds', '{}', min(upper), 1, value
        FROM histogram_bounds, (SELECT coalesce(max(0.0,
            (julianday(NEW.ended_at) - julianday(NEW.started_at)) * 86400.0), 0.0) AS value)
        WHERE scale = 'seconds' AND upper >= value
        ON CONFLICT DO UPDATE SET count = count + 1, total = total + excluded.total;
END;

CREATE TRIGGER jobs_counted AFTER INSERT ON jobs
BEGIN
    INSERT INTO counters
        VALUES ('horde_jobs_total', json_object('executor_class', NEW.executor_class, 'outcome',
            CASE WHEN NEW.status = 'COMPLETED' THEN 'completed'
                 WHEN NEW.correct = 0 THEN 'wrong' ELSE 'failed' END), 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
    INSERT INTO histograms
        SELECT 'horde_job_score', json_object('executor_class', NEW.executor_class), min(upper), 1,
            NEW.score
        FROM histogram_bounds WHERE scale = 'score' AND upper >= NEW.score
        ON CONFLICT DO UPDATE SET count = count + 1, total = total + excluded.total;
END;

CREATE TRIGGER jobs_timed AFTER INSERT ON jobs WHEN NEW.time_took_us >= 0
BEGIN
    INSERT INTO histograms
        SELECT 'horde_job_duration_seconds', json_object('executor_class', NEW.executor_class),
            min(upper), 1, NEW.time_took_us / 1e6
        FROM histogram_bounds WHERE scale = 'seconds' AND upper >= NEW.time_took_us / 1e6
        ON CONFLICT DO UPDATE SET count = count + 1, total = total + excluded.total;
END;

CREATE TRIGGER weights_begun AFTER INSERT ON weights
BEGIN
    INSERT INTO counters
        VALUES ('horde_weights_total', json_object('state', NEW.state, 'way', NEW.way), 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER weights_counted AFTER UPDATE OF state ON weights WHEN OLD.state <> NEW.state
BEGIN
    INSERT INTO counters
        VALUES ('horde_weights_total', json_object('state', NEW.state, 'way', NEW.way), 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER organic_jobs_counted AFTER UPDATE OF status ON organic_jobs
WHEN OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL
BEGIN
    INSERT INTO counters
        VALUES ('horde_organic_jobs_total', json_object('outcome', lower(NEW.status)), 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
    INSERT INTO histograms
        SELECT 'horde_organic_job_duration_seconds', json_object('outcome', lower(NEW.status)),
            min(upper), 1, value
        FROM histogram_bounds, (SELECT coalesce(max(0.0,
            (julianday(NEW.ended_at) - julianday(NEW.created_at)) * 86400.0), 0.0) AS value)
        WHERE scale = 'seconds' AND upper >= value
        ON CONFLICT DO UPDATE SET count = count + 1, total = total + excluded.total;
END;

CREATE TRIGGER receipts_counted AFTER INSERT ON receipts
BEGIN
    INSERT INTO counters
        VALUES ('horde_receipts_total', json_object('source',
            iif(NEW.miner_signature IS NULL, 'own', 'miner'), 'type', NEW.type), 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER events_counted AFTER INSERT ON events
BEGIN
    INSERT INTO counters
        VALUES ('horde_events_total', json_object('subtype', NEW.subtype, 'type', NEW.type), 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER intents_counted AFTER UPDATE OF state ON intents
WHEN OLD.state = 'pending' AND NEW.state <> 'pending'
BEGIN
    INSERT INTO counters
        VALUES ('horde_intents_total', json_object('kind', NEW.kind, 'state', NEW.state), 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
