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

/// Told of each piece that the connection takes.
pub(super) struct Movement(watch::Receiver<()>);

impl Movement {
    pub(super) fn of(
        mut body: Bytes,
    ) -> (impl Stream<Item = Result<Bytes, Infallible>> + Send, Self) {
        let (taken, receiver) = watch::channel(());
        let pieces = stream::iter(std::iter::from_fn(move || {
            taken.send_replace(());
            let piece = body.split_to(PIECE.min(body.len()));
            (!piece.is_empty()).then_some(Ok(piece))
        }));
        (pieces, Self(receiver))
    }

    /// Returns once nothing has moved for so long.
    pub(super) async fn ends(mut self, idle: Duration) {
        loop {
            match timeout(idle, self.0.changed()).await {
                Ok(Ok(())) => {}
                // all of it is taken; now the other side has to answer
                Ok(Err(_)) => return sleep(idle).await,
                Err(_) => return,
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
        let (pieces, movement) = Movement::of(body.clone().into());
        let pieces: Vec<Bytes> = pieces
            .map(|piece| piece.expect("infallible"))
            .collect()
            .await;
        assert_eq!(pieces.len(), 4);
        assert_eq!(pieces.concat(), body);
        movement.ends(IDLE).await;
    }

    #[tokio::test]
    async fn a_body_that_nobody_takes_stands_still() {
        let (pieces, movement) = Movement::of(vec![0; PIECE].into());
        movement.ends(IDLE).await;
        drop(pieces);
    }
}
