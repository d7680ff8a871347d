//! A request's body in pieces, and whether they still move: on a slow line a large body takes long,
//! and only what stands still has failed.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::{Stream, stream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::bytes::Bytes;

/// Small enough to show movement, large enough to cost nothing.
const PIECE: usize = 64 * 1024;
/// What systems on the way take ahead of the line: so much of a body may still have to go when the
/// connection has taken all of it.
const AHEAD: usize = 4 * 1024 * 1024;
/// The slowest line that is waited for, in bytes per second: 8 MiB in ten minutes.
const SLOWEST: usize = 14_000;

/// Told of each piece that the connection takes.
pub(super) struct Movement {
    taken: watch::Receiver<()>,
    /// What the last bytes need that are taken and not yet sent.
    ahead: Duration,
}

impl Movement {
    pub(super) fn of(
        mut body: Bytes,
    ) -> (impl Stream<Item = Result<Bytes, Infallible>> + Send, Self) {
        let ahead = body.len().min(AHEAD) / SLOWEST;
        let (taken, receiver) = watch::channel(());
        let pieces = stream::iter(std::iter::from_fn(move || {
            taken.send_replace(());
            let piece = body.split_to(PIECE.min(body.len()));
            (!piece.is_empty()).then_some(Ok(piece))
        }));
        let movement = Self {
            taken: receiver,
            ahead: Duration::from_secs(ahead as u64),
        };
        (pieces, movement)
    }

    /// Returns once nothing has moved for so long, or for longer where that cannot be seen: how long
    /// it was.
    pub(super) async fn ends(mut self, idle: Duration) -> Duration {
        loop {
            match timeout(idle, self.taken.changed()).await {
                Ok(Ok(())) => {}
                // all of it is taken; now the rest has to go and the other side to answer
                Ok(Err(_)) => {
                    sleep(idle + self.ahead).await;
                    return idle + self.ahead;
                }
                Err(_) => return idle,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;

    const IDLE: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_body_comes_whole_and_in_order() {
        let body: Vec<u8> = (0..3 * PIECE + 1).map(|n| (n % 251) as u8).collect();
        let (pieces, _) = Movement::of(body.clone().into());
        let pieces: Vec<Bytes> = pieces
            .map(|piece| piece.expect("infallible"))
            .collect()
            .await;
        assert_eq!(pieces.len(), 4);
        assert_eq!(pieces.concat(), body);
    }

    #[tokio::test]
    async fn a_short_body_that_is_taken_and_not_answered_stands_still() {
        let (pieces, movement) = Movement::of(vec![0; 10].into());
        assert_eq!(pieces.count().await, 1);
        assert_eq!(movement.ends(IDLE).await, IDLE);
    }

    #[tokio::test]
    async fn a_body_that_nobody_takes_stands_still() {
        let (pieces, movement) = Movement::of(vec![0; PIECE].into());
        assert_eq!(movement.ends(IDLE).await, IDLE);
        drop(pieces);
    }

    #[test]
    fn an_answer_may_come_as_late_as_a_slow_line_makes_it() {
        for (bytes, seconds) in [(0, 0), (SLOWEST, 1), (8 * 1024 * 1024, 299)] {
            let (_, movement) = Movement::of(vec![0; bytes].into());
            assert_eq!(movement.ahead.as_secs(), seconds, "{bytes}");
        }
    }
}
