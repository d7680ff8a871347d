-- Prompts for LLM executors: where they come from, who was given them, what was compared.

-- A file of prompts that the trusted miner has made.
CREATE TABLE prompt_series (
    id                INTEGER PRIMARY KEY,
    uuid              TEXT NOT NULL UNIQUE,
    url               TEXT NOT NULL,
    generator_version INTEGER NOT NULL,
    created_at        TEXT NOT NULL
) STRICT;

-- Prompts of many samples in one file, which the trusted miner answers with one seed.
CREATE TABLE prompt_workloads (
    id          INTEGER PRIMARY KEY,
    uuid        TEXT NOT NULL UNIQUE,
    seed        INTEGER NOT NULL CHECK (seed BETWEEN 0 AND 4294967295),
    url         TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    finished_at TEXT                      -- NULL: not answered yet
) STRICT;
CREATE INDEX prompt_workloads_unfinished ON prompt_workloads (id) WHERE finished_at IS NULL;

-- Prompts drawn from one series, for one job. Taken before any miner can see it and never given
-- back: `taken_at` stays also where the batch broke or its rows are gone.
CREATE TABLE prompt_samples (
    id          INTEGER PRIMARY KEY,
    series_id   INTEGER NOT NULL REFERENCES prompt_series (id),
    workload_id INTEGER NOT NULL REFERENCES prompt_workloads (id),
    taken_at    TEXT,
    batch_id    INTEGER REFERENCES batches (id) ON DELETE SET NULL,
    job_id      INTEGER REFERENCES jobs (id) ON DELETE SET NULL
) STRICT;
CREATE INDEX prompt_samples_unused ON prompt_samples (id, workload_id) WHERE taken_at IS NULL;
CREATE INDEX prompt_samples_by_workload ON prompt_samples (workload_id);
CREATE INDEX prompt_samples_by_series ON prompt_samples (series_id);
CREATE INDEX prompt_samples_by_batch ON prompt_samples (batch_id);
CREATE INDEX prompt_samples_by_job ON prompt_samples (job_id);

CREATE TABLE prompts (
    id        INTEGER PRIMARY KEY,
    sample_id INTEGER NOT NULL REFERENCES prompt_samples (id) ON DELETE CASCADE,
    content   TEXT NOT NULL,
    answer    TEXT                        -- of the trusted miner; NULL: it gave none
) STRICT;
CREATE INDEX prompts_by_sample ON prompts (sample_id);

-- What a miner's answers were compared on. No rows: its answers could not be read.
CREATE TABLE prompt_comparisons (
    job_id    INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    prompt_id INTEGER NOT NULL REFERENCES prompts (id) ON DELETE CASCADE,
    result    TEXT NOT NULL CHECK (result IN ('same', 'different', 'missing')),
    found     TEXT,                       -- the miner's answer, cut, where it is different
    PRIMARY KEY (job_id, prompt_id),
    CHECK ((result = 'different') = (found IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX prompt_comparisons_by_prompt ON prompt_comparisons (prompt_id);
