//! The name, kind and meaning of every metric. What is not in this list is not handed out.

/// As Prometheus knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// What a metric is; its unit stands in its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Described {
    pub name: &'static str,
    pub kind: Kind,
    pub help: &'static str,
}

const fn counter(name: &'static str, help: &'static str) -> Described {
    described(name, Kind::Counter, help)
}

const fn gauge(name: &'static str, help: &'static str) -> Described {
    described(name, Kind::Gauge, help)
}

const fn histogram(name: &'static str, help: &'static str) -> Described {
    described(name, Kind::Histogram, help)
}

const fn described(name: &'static str, kind: Kind, help: &'static str) -> Described {
    Described { name, kind, help }
}

pub static CATALOGUE: &[Described] = &[
    gauge("horde_build_info", "1, with the version of the program."),
    gauge(
        "horde_serving",
        "Whether this server runs batches and sets weights.",
    ),
    gauge(
        "horde_problems",
        "Lines that `horde status` shows as wrong.",
    ),
    // passes
    counter("horde_passes_total", "Passes that have ended, by outcome."),
    histogram(
        "horde_pass_duration_seconds",
        "From start to end of a pass.",
    ),
    gauge(
        "horde_pass_last_start_timestamp_seconds",
        "When the newest pass of this name began.",
    ),
    gauge(
        "horde_pass_last_success_timestamp_seconds",
        "When a pass of this name last ended well, also with nothing to do.",
    ),
    gauge(
        "horde_pass_failing",
        "Whether the newest ended pass of this name failed; not told of a relay that runs.",
    ),
    histogram(
        "horde_block_duration_seconds",
        "Pieces of passes, by what they do.",
    ),
    // batches
    counter("horde_batches_total", "Batches that came into this state."),
    histogram(
        "horde_batch_duration_seconds",
        "From start to end of a batch.",
    ),
    gauge(
        "horde_batch_miners",
        "Miners of the newest finished batch, by whether they sent a manifest.",
    ),
    gauge(
        "horde_batch_executors",
        "Executors in the manifests of the newest finished batch.",
    ),
    gauge(
        "horde_batch_jobs",
        "Jobs of the newest finished batch, by whether they succeeded.",
    ),
    gauge(
        "horde_batch_planned_block",
        "Block of the newest planned batch.",
    ),
    gauge(
        "horde_batch_last_end_timestamp_seconds",
        "When a batch last ended.",
    ),
    counter("horde_jobs_total", "Jobs of batches, by outcome."),
    histogram("horde_job_score", "Scores of jobs; 0 for a failed one."),
    histogram(
        "horde_job_duration_seconds",
        "From request to answer of a job.",
    ),
    // weights
    counter("horde_weights_total", "Weights that came into this state."),
    gauge(
        "horde_weights_last_update_block",
        "Block of our last write of weights, as the chain knows it.",
    ),
    gauge(
        "horde_weights_age_blocks",
        "Blocks since our weights were last updated on chain.",
    ),
    gauge(
        "horde_weights_age_tempos",
        "The same in tempos; from 3 on weights have silently stopped.",
    ),
    gauge(
        "horde_weights_open",
        "Weights that are not settled, by state; placed ones wait for their reveal.",
    ),
    gauge(
        "horde_weights_window_left_blocks",
        "Blocks until the oldest open weights must be placed or revealed; below 0: too late.",
    ),
    // jobs of users
    counter("horde_organic_jobs_total", "Jobs of users, by outcome."),
    histogram(
        "horde_organic_job_duration_seconds",
        "From taking a user's job to its end.",
    ),
    gauge("horde_organic_jobs_running", "Jobs of users that run now."),
    gauge(
        "horde_facilitator_connected",
        "Whether the relay is connected to the facilitator.",
    ),
    gauge(
        "horde_facilitator_undelivered_messages",
        "Messages that the facilitator has not taken yet.",
    ),
    // the rest
    counter(
        "horde_receipts_total",
        "Receipts, by type: own copies, and those that miners published.",
    ),
    counter("horde_events_total", "Events, by type and subtype."),
    gauge("horde_events_unsent", "Events that wait to be sent."),
    counter(
        "horde_intents_total",
        "What was done to the outside and is settled, by how it ended.",
    ),
    gauge(
        "horde_prompt_samples",
        "Prompt samples: ready for a batch, or waiting for answers.",
    ),
    gauge(
        "horde_backup_timestamp_seconds",
        "When the newest backup was made.",
    ),
    gauge("horde_backup_size_bytes", "Size of the newest backup."),
    gauge(
        "horde_backup_copy",
        "Whether the newest backup has arrived at this target.",
    ),
    gauge(
        "horde_database_size_bytes",
        "Size of the database, with its journal.",
    ),
    gauge("horde_chain_block", "Newest block that a pass has seen."),
    gauge(
        "horde_chain_seen_timestamp_seconds",
        "When a pass last saw the chain; its age is how far we may lag behind.",
    ),
];

pub(super) fn named(name: &str) -> Option<&'static Described> {
    CATALOGUE.iter().find(|metric| metric.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_follow_the_conventions() {
        let mut names = BTreeSet::new();
        for metric in CATALOGUE {
            assert!(names.insert(metric.name), "{} stands twice", metric.name);
            let is_total = metric.name.ends_with("_total");
            assert_eq!(is_total, metric.kind == Kind::Counter, "{}", metric.name);
            assert!(metric.name.starts_with("horde_") && metric.help.ends_with('.'));
        }
    }
}
