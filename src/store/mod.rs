//! The SQLite file: the only place with SQL outside of `sql/`. One file per table family.
//! Decides nothing: it stores what a pass has decided and gives back rows as types.

mod batch_record;
mod batches;
mod events;
mod evidence;
mod intents;
mod known_miners;
mod meta;
mod neurons;
mod open;
mod organic;
mod params;
mod passes;
mod prompts;
mod receipts;
mod time;
mod weights;

pub use batch_record::{BatchRecord, JobRow, ManifestRow, MinerRow};
pub use batches::{BatchId, BatchPlan, BatchRow, BatchState, JobScore};
pub use events::{EventId, EventRow};
pub use evidence::MinerEvidence;
pub use intents::{Intent, IntentId, IntentState};
pub use known_miners::KnownMiner;
pub use meta::{ChainSeen, FacilitatorSeen};
pub use neurons::{Block, NeuronRow, NeuronsSeen};
pub use open::{Store, StoreError};
pub use organic::{NewOrganicJob, OrganicEnd, OrganicJobId, OrganicRow, TELL_SPECS, TELL_STATUS};
pub use passes::{PassEnd, PassId, PassOutcome, PassRow};
pub use prompts::{
    NewWorkload, PromptCounts, PromptSample, SampleId, SeriesId, SeriesRow, TakenSamples,
    UsedSample, WorkloadId, WorkloadRow,
};
pub use receipts::{KeptReceipts, ReceiptRow, SignedReceipt};
pub use weights::{Entry, NewWeights, Way, WeightsId, WeightsRow, WeightsState};
