//! Delays between attempts: growing and random, so that a facilitator that comes back is not
//! overrun by all validators at once.

use std::time::Duration;

use super::Limits;

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    pub(super) fn after(failures: u32) -> Self {
        Self { failures }
    }

    pub(super) fn fail(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    pub(super) fn succeed(&mut self) {
        self.failures = 0;
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// Before the next attempt: none at first, then anything from the shortest delay up to twice
    /// that, four times, and so on to the longest.
    pub(super) fn delay(&self, limits: &Limits) -> Duration {
        if self.failures == 0 {
            return Duration::ZERO;
        }
        let least = limits.least_delay;
        let most = least.saturating_mul(1 << self.failures.min(16));
        let most = most.min(limits.most_delay).max(least);
        least + (most - least).mul_f64(rand::random::<f64>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_from_one_second_to_a_minute_and_differ() {
        let limits = Limits::PRODUCTION;
        let mut backoff = Backoff::default();
        assert_eq!(backoff.delay(&limits), Duration::ZERO);
        for most_s in [2, 4, 8, 16, 32, 60, 60, 60] {
            backoff.fail();
            let delays: Vec<Duration> = (0..50).map(|_| backoff.delay(&limits)).collect();
            let fits = |delay: &Duration| (1.0..=f64::from(most_s)).contains(&delay.as_secs_f64());
            assert!(delays.iter().all(fits), "{delays:?}");
            assert!(delays.iter().any(|delay| *delay != delays[0]));
        }
        backoff.succeed();
        assert_eq!(backoff.delay(&limits), Duration::ZERO);
    }
}
