-- Backups: when they were made, how they fared, where they went. The files themselves are the
-- truth: a row may be missing (made by another server), a file too (deleted by hand).

CREATE TABLE backups (
    name        TEXT PRIMARY KEY,         -- of the file
    folder      TEXT NOT NULL,
    made_at     TEXT NOT NULL,
    bytes       INTEGER NOT NULL,
    sha256      TEXT NOT NULL,
    removed_at  TEXT,                     -- by rotation
    verified_at TEXT                      -- last time that it was unpacked and found whole
) STRICT, WITHOUT ROWID;
CREATE INDEX backups_by_time ON backups (made_at);

CREATE TABLE backup_copies (
    backup  TEXT NOT NULL REFERENCES backups (name) ON DELETE CASCADE,
    target  TEXT NOT NULL CHECK (target IN ('b2', 's3', 'mail')),
    -- announced: too large for a mail, which says where the backup is
    outcome TEXT NOT NULL CHECK (outcome IN ('sent', 'announced', 'failed')),
    finding TEXT NOT NULL,                -- why it failed
    at      TEXT NOT NULL,
    PRIMARY KEY (backup, target)
) STRICT, WITHOUT ROWID;
