//! The numbers of a report as plain types, read from the database. A list is cut to what a person
//! reads, a line of a chart to what an eye can tell apart. How they look is not known here.

mod backups;
mod batches;
mod distribution;
mod events;
mod job_times;
mod newest;
mod organic;
mod passes;
mod stages;
mod thin;
mod weights;

use chrono::{DateTime, Utc};

pub(super) use backups::{Backup, Elsewhere};
pub(super) use batches::{Bar, Batch, Batches, JobCounts};
pub(super) use distribution::Spread;
pub(super) use events::{Event, Events};
pub(super) use job_times::ClassTimes;
pub(super) use newest::Newest;
pub(super) use organic::{Organic, OrganicJob};
pub(super) use passes::{Ending, PassCounts, Passes};
pub(super) use stages::{BatchStages, Stage};
pub(super) use weights::{MinerWeight, NewestWeights, Weights};

use super::Span;
use crate::pass::VERSION;
use crate::status::DatabaseStatus;
use crate::store::{Store, StoreError};

/// All that a report says.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    pub since: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub generated_at: DateTime<Utc>,
    /// Of this program.
    pub version: &'static str,
    pub database: DatabaseStatus,
    pub(super) weights: Weights,
    pub(super) batches: Batches,
    pub(super) job_times: Vec<ClassTimes>,
    pub(super) organic: Organic,
    /// Of the newest batches, newest first.
    pub(super) stages: Vec<BatchStages>,
    pub(super) chain_events: Events,
    pub(super) passes: Passes,
    pub(super) backups: Newest<Backup>,
}

impl Figures {
    /// Reads everything from the database, as it is at one moment; asks nobody else.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn read(store: &Store, span: Span, now: DateTime<Utc>) -> Result<Self, StoreError> {
        store.read(|store| {
            let (batches, job_times) = batches::read(store, span)?;
            Ok(Self {
                since: span.since,
                until: span.until,
                generated_at: now,
                version: VERSION,
                database: DatabaseStatus {
                    path: store.path().display().to_string(),
                    version: store.version()?,
                },
                weights: weights::read(store, span)?,
                batches,
                job_times,
                organic: organic::read(store, span)?,
                stages: stages::read(store, span)?,
                chain_events: events::read(store, span)?,
                passes: passes::read(store, span)?,
                backups: backups::read(store, span)?,
            })
        })
    }
}
