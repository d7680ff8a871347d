//! The SQLite file: the only place with SQL outside of `sql/`. One file per table family.
//! Decides nothing: it stores what a pass has decided and gives back rows as types.

mod backups;
mod batch_record;
mod batch_row;
mod batches;
mod events;
mod evict;
mod evidence;
mod filter;
mod in_use;
mod intents;
mod known_miners;
mod meta;
mod metrics;
mod miner_history;
mod neurons;
mod open;
mod organic;
mod params;
mod passes;
mod prompts;
mod receipts;
mod replace;
mod restored;
mod snapshot;
mod sums;
mod time;
mod weights;
mod weights_row;

pub use backups::{BackupCopy, BackupRow, CopyOutcome, CopyTarget};
pub use batch_record::{BatchRecord, JobRow, ManifestRow, MinerRow};
pub use batch_row::{BatchId, BatchPlan, BatchRow, BatchState};
pub use batches::JobScore;
pub use events::{EventId, EventRow};
pub use evict::Evictable;
pub use evidence::{BatchCounts, ComparedPrompt, JobEvidence, MinerEvidence};
pub use filter::Filter;
pub use in_use::InUse;
pub(crate) use in_use::open_lock_file;
pub use intents::{Intent, IntentId, IntentState};
pub use known_miners::KnownMiner;
pub use meta::{ChainSeen, FacilitatorSeen, UnknownWrite};
pub use metrics::{Counter, Histogram, Labels};
pub use miner_history::{MinerBatch, MinerWeight};
pub use neurons::{Block, NeuronRow, NeuronsSeen};
pub use open::{Store, StoreError};
pub use organic::{NewOrganicJob, OrganicEnd, OrganicJobId, OrganicRow, TELL_SPECS, TELL_STATUS};
pub use passes::{PassEnd, PassId, PassOutcome, PassRow};
pub use prompts::{
    NewWorkload, PromptCounts, PromptSample, SampleId, SeriesId, SeriesRow, TakenSamples,
    UsedSample, WorkloadId, WorkloadRow,
};
pub use receipts::{KeptReceipts, ReceiptEvidence, ReceiptRow, SignedReceipt};
pub use replace::Replacement;
pub use restored::Restored;
pub use snapshot::Copied;
pub use sums::{JobEnd, JobEnding, OrganicDuration, PassCount, WeightsMark};
pub use weights_row::{Entry, NewWeights, Way, WeightsId, WeightsRow, WeightsState};
