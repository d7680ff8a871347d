//! How long pieces of code take, noted by one line at their top. Times wait in memory until the
//! frame of the passes stores them (`store::metrics`); a pass that is killed loses its own.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// More times than this do not wait; no pass comes near it between two stores.
const MOST_WAITING: usize = 10_000;

static WAITING: Mutex<Vec<(&'static str, Duration)>> = Mutex::new(Vec::new());

/// Times a block of code until the guard goes out of scope.
#[derive(Debug)]
#[must_use = "it times until it is dropped"]
pub struct Timed {
    block: &'static str,
    begun: Instant,
}

/// `let _timed = timed("chain connect");`: the name becomes the label `block` of
/// `horde_block_duration_seconds`.
pub fn timed(block: &'static str) -> Timed {
    Timed {
        block,
        begun: Instant::now(),
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MOST_WAITING {
            waiting.push((self.block, self.begun.elapsed()));
        }
    }
}

/// What was timed since the last call.
pub(crate) fn take() -> Vec<(&'static str, Duration)> {
    std::mem::take(&mut *WAITING.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_timed_until_its_end() {
        {
            let _timed = timed("a test of timing");
        }
        let mine = |(block, _): &(&str, Duration)| *block == "a test of timing";
        assert_eq!(take().into_iter().filter(mine).count(), 1);
        assert_eq!(take().into_iter().filter(mine).count(), 0);
    }
}
