//! How long a miner may take, and how often it is asked again (spec: miner protocol).

use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// To establish a connection; after that, a lost one is established again without end.
    pub attempts: u32,
    /// The delay after attempt n is `2^n` of these and up to one more.
    pub backoff: Duration,
    /// For one attempt, websocket handshake included.
    pub connect: Duration,
    /// For saying goodbye.
    pub close: Duration,
}

impl Limits {
    pub const SYNTHETIC: Self = Self {
        attempts: 4,
        backoff: Duration::from_secs(1),
        connect: Duration::from_secs(10),
        close: Duration::from_secs(1),
    };
    pub const ORGANIC: Self = Self {
        attempts: 5,
        ..Self::SYNTHETIC
    };

    /// What is left of a limit, however short a rehearsal is: machines do not get faster by it.
    pub const LEAST: Duration = Duration::from_secs(1);

    /// All durations times `factor`, for rehearsals.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let scaled = |limit: Duration| limit.mul_f64(factor).max(Self::LEAST.min(limit));
        Self {
            attempts: self.attempts,
            backoff: self.backoff.mul_f64(factor),
            connect: scaled(self.connect),
            close: scaled(self.close),
        }
    }

    /// The random part keeps hundreds of validators from knocking in step.
    pub(super) fn delay_after(&self, attempt: u32) -> Duration {
        let exponent = attempt.min(self.attempts) as i32;
        self.backoff
            .mul_f64(2_f64.powi(exponent) + rand::random::<f64>())
    }
}
