//! How things stand at this moment: what `horde status` knows, as numbers.

use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::params::Params;
use crate::pass::VERSION;
use crate::settings::Environment;
use crate::status::{Status, present_end};
use crate::store::{CopyOutcome, Labels, Store, StoreError, WeightsState};

/// One number of one moment.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Gauge {
    pub(super) metric: &'static str,
    pub(super) labels: Labels,
    pub(super) value: f64,
}

struct Gauges(Vec<Gauge>);

impl Gauges {
    fn plain(&mut self, metric: &'static str, value: f64) {
        self.0.push(Gauge {
            metric,
            labels: Labels::new(),
            value,
        });
    }

    fn by(&mut self, metric: &'static str, label: &str, of: &str, value: f64) {
        self.0.push(Gauge {
            metric,
            labels: Labels::from([(label.to_owned(), of.to_owned())]),
            value,
        });
    }

    fn switch(&mut self, metric: &'static str, is_on: bool) {
        self.plain(metric, f64::from(u8::from(is_on)));
    }

    fn time(&mut self, metric: &'static str, at: DateTime<Utc>) {
        self.plain(metric, seconds(at));
    }
}

pub(super) fn gauges(
    store: &Store,
    environment: &Environment,
    now: DateTime<Utc>,
) -> Result<Vec<Gauge>, StoreError> {
    let (params, _) = Params::from_overrides(store.params()?);
    let is_serving = params.is_serving(environment.is_migrating());
    let status = Status::read(store, environment, is_serving, now)?;
    let mut gauges = Gauges(Vec::new());
    gauges.by("horde_build_info", "version", VERSION, 1.0);
    gauges.switch("horde_serving", is_serving);
    gauges.plain("horde_problems", status.problems.len() as f64);
    passes(&mut gauges, store)?;
    batches(&mut gauges, store, &status)?;
    weights(&mut gauges, store, &status)?;
    if let Some(line) = &status.facilitator {
        gauges.switch("horde_facilitator_connected", line.connected);
        gauges.plain("horde_organic_jobs_running", line.jobs_running as f64);
        let undelivered = line.undelivered as f64;
        gauges.plain("horde_facilitator_undelivered_messages", undelivered);
    }
    gauges.plain("horde_events_unsent", store.count_unsent_events()? as f64);
    let prompts = store.prompt_counts()?;
    let samples = "horde_prompt_samples";
    gauges.by(samples, "state", "ready", prompts.ready_samples.into());
    gauges.by(samples, "state", "waiting", prompts.waiting_samples.into());
    backups(&mut gauges, store)?;
    gauges.plain("horde_database_size_bytes", size(store.path()));
    Ok(gauges.0)
}

fn passes(gauges: &mut Gauges, store: &Store) -> Result<(), StoreError> {
    for pass in store.last_passes()? {
        let mut by = |metric, value| gauges.by(metric, "pass", &pass.name, value);
        by(
            "horde_pass_last_start_timestamp_seconds",
            seconds(pass.started_at),
        );
        if let Some(at) = store.last_good_pass(&pass.name)? {
            by("horde_pass_last_success_timestamp_seconds", seconds(at));
        }
        if let Some(end) = present_end(store, &pass)? {
            let is_bad = !end.outcome.is_good();
            by("horde_pass_failing", f64::from(u8::from(is_bad)));
        }
    }
    Ok(())
}

fn batches(gauges: &mut Gauges, store: &Store, status: &Status) -> Result<(), StoreError> {
    if let Some(batch) = &status.batch {
        gauges.plain("horde_batch_planned_block", batch.block as f64);
    }
    let Some(done) = store.newest_finished_batch()? else {
        return Ok(());
    };
    if let Some(at) = done.ended_at {
        gauges.time("horde_batch_last_end_timestamp_seconds", at);
    }
    let counts = store.batch_counts(done.id)?;
    let miners = "horde_batch_miners";
    let silent = counts.miners - counts.answered;
    gauges.by(miners, "manifest", "yes", counts.answered.into());
    gauges.by(miners, "manifest", "no", silent.into());
    gauges.plain("horde_batch_executors", counts.executors.into());
    let jobs = "horde_batch_jobs";
    let failed = counts.jobs.saturating_sub(counts.succeeded);
    gauges.by(jobs, "outcome", "completed", counts.succeeded.into());
    gauges.by(jobs, "outcome", "failed", failed.into());
    Ok(())
}

fn weights(gauges: &mut Gauges, store: &Store, status: &Status) -> Result<(), StoreError> {
    let open = store.open_weights()?;
    for state in [WeightsState::Decided, WeightsState::Placed] {
        let count = open.iter().filter(|row| row.state == state).count();
        gauges.by("horde_weights_open", "state", state.name(), count as f64);
    }
    let Some(chain) = &status.chain else {
        return Ok(());
    };
    gauges.plain("horde_chain_block", chain.block as f64);
    gauges.time("horde_chain_seen_timestamp_seconds", chain.seen_at);
    if let Some(block) = chain.last_update {
        gauges.plain("horde_weights_last_update_block", block as f64);
    }
    if let Some(blocks) = chain.blocks_since_update {
        gauges.plain("horde_weights_age_blocks", blocks as f64);
    }
    if let Some(tempos) = chain.tempos_since_update {
        gauges.plain("horde_weights_age_tempos", tempos);
    }
    let ends = open.iter().filter_map(|row| match row.state {
        WeightsState::Decided => Some(row.window_stop),
        _ => row.reveal_until,
    });
    if let Some(end) = ends.min() {
        let left = end as f64 - chain.block as f64;
        gauges.plain("horde_weights_window_left_blocks", left);
    }
    Ok(())
}

fn backups(gauges: &mut Gauges, store: &Store) -> Result<(), StoreError> {
    let Some(newest) = store.last_backups(1)?.pop() else {
        return Ok(());
    };
    gauges.time("horde_backup_timestamp_seconds", newest.made_at);
    gauges.plain("horde_backup_size_bytes", newest.bytes as f64);
    for copy in store.backup_copies(&newest.name)? {
        let has_arrived = copy.outcome == CopyOutcome::Sent;
        let value = f64::from(u8::from(has_arrived));
        gauges.by("horde_backup_copy", "target", copy.target.name(), value);
    }
    Ok(())
}

/// Of the file and its journal; what is not there has none.
fn size(database: &Path) -> f64 {
    let journal = crate::durable::beside(database, "-wal");
    let bytes = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    (bytes(database) + bytes(&journal)) as f64
}

/// Unix time.
fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_micros() as f64 / 1e6
}
