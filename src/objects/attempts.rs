//! How often something is tried that fails in passing, and how long is waited in between.

use std::time::Duration;

use tokio::time::sleep;

use super::ObjectsError;

/// Before the second attempt, and before the third, which is the last.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// `attempt` is told how many went before it.
pub(super) async fn attempted<T>(
    attempt: impl AsyncFn(usize) -> Result<T, ObjectsError>,
) -> Result<T, ObjectsError> {
    for (before, pause) in PAUSES.iter().enumerate() {
        match attempt(before).await {
            Err(error) if error.is_passing() => {
                tracing::debug!(%error, "it is tried again");
                sleep(*pause).await;
            }
            ended => return ended,
        }
    }
    attempt(PAUSES.len()).await
}
