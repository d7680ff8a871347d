-- What each miner got in each row of weights, so that its history is found without reading
-- everybody's. A trigger keeps these rows as the documents in `weights` say, which stay the source.

CREATE TABLE miner_weights (
    hotkey     TEXT NOT NULL,
    weights_id INTEGER NOT NULL REFERENCES weights (id) ON DELETE CASCADE,
    uid        INTEGER,                 -- NULL: it had left the subnet
    value      INTEGER NOT NULL,        -- 0..=65535
    score      REAL,                    -- NULL: it had none, or none was kept (before version 5)
    reason     TEXT,
    PRIMARY KEY (hotkey, weights_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX miner_weights_by_weights ON miner_weights (weights_id);

-- Documents that are damaged are left to those who read them, and stop nothing here.
CREATE TRIGGER miner_weights_kept AFTER UPDATE OF entries, basis ON weights
WHEN json_valid(NEW.entries) AND json_valid(NEW.basis)
BEGIN
    DELETE FROM miner_weights WHERE weights_id = NEW.id;
    INSERT INTO miner_weights
        SELECT hotkey, NEW.id, max(uid), max(value), max(score), max(reason)
        FROM (SELECT json_extract(value, '$.hotkey') AS hotkey, json_extract(value, '$.uid') AS uid,
                     json_extract(value, '$.value') AS value, NULL AS score, NULL AS reason
              FROM json_each(NEW.entries)
              UNION ALL
              SELECT json_extract(value, '$.hotkey'), json_extract(value, '$.uid'), 0,
                     json_extract(value, '$.score'), json_extract(value, '$.reason')
              FROM json_each(NEW.basis, '$.miners'))
        WHERE hotkey IS NOT NULL
        GROUP BY hotkey;
END;

CREATE TRIGGER miner_weights_begun AFTER INSERT ON weights
BEGIN
    UPDATE weights SET entries = entries WHERE id = NEW.id;
END;

-- those of before this version
UPDATE weights SET entries = entries;
