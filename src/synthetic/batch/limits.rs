//! How long each stage of a batch may take, and how much a batch may be (spec: synthetic).

use std::time::Duration;

use crate::miner;
use crate::wire::ExecutorClass;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// From connecting to the manifest, per miner.
    pub manifest: Duration,
    /// Per miner, for its started and again for its finished receipts.
    pub receipts: Duration,
    /// For the answers of one LLM job to be downloaded.
    pub answers: Duration,
    /// After a job's own timeout: answers that come then are recorded, not rewarded.
    pub late_answers: Duration,
    /// For everything: a batch has to be over long before its cycle is.
    pub batch: Duration,
    pub miner: miner::Limits,
    /// Executors of one miner that are given a job. No honest miner comes near.
    pub executors_per_miner: u32,
    /// Jobs of one batch, of up to 64 KiB each. If miners claim more, those with the most are cut
    /// back first.
    pub jobs_per_batch: u32,
    scale: f64,
}

impl Limits {
    pub const PRODUCTION: Self = Self {
        manifest: Duration::from_secs(35),
        receipts: Duration::from_secs(5),
        answers: Duration::from_secs(5),
        late_answers: Duration::from_secs(120),
        batch: Duration::from_secs(20 * 60),
        miner: miner::Limits::SYNTHETIC,
        executors_per_miner: 2_048,
        jobs_per_batch: 4_096,
        scale: 1.0,
    };

    /// All durations times `factor`, for rehearsals. What depends on the machine rather than on
    /// a miner's patience keeps [`miner::Limits::LEAST`].
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let scaled = |limit: Duration| limit.mul_f64(factor).max(miner::Limits::LEAST.min(limit));
        Self {
            manifest: scaled(self.manifest),
            receipts: scaled(self.receipts),
            answers: scaled(self.answers),
            late_answers: scaled(self.late_answers),
            batch: self.batch.mul_f64(factor),
            miner: self.miner.scaled(factor),
            scale: self.scale * factor,
            ..self
        }
    }

    /// How long an executor may take until it is ready: no class gets less than 2 s, not even in
    /// a rehearsal.
    pub fn spin_up(&self, class: ExecutorClass) -> Duration {
        class
            .spin_up()
            .mul_f64(self.scale)
            .max(Duration::from_secs(2))
    }

    /// How long a job may take to be rewarded.
    pub fn job(&self, timeout: Duration) -> Duration {
        timeout.mul_f64(self.scale)
    }

    /// How long an answer is waited for.
    pub fn answer(&self, job_timeout: Duration) -> Duration {
        self.job(job_timeout) + self.late_answers
    }
}
