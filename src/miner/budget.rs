//! The room for large messages, shared by all miners of a pass. Nobody waits for it: a message
//! either finds room when it is announced or is thrown away.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The largest message of the protocol.
pub(super) const LARGEST_MESSAGE: usize = 50 * 1024 * 1024;

/// Messages up to this size need no room of the budget: 256 miners with one each hold 16 MiB.
pub(super) const SMALL_MESSAGE: usize = 64 * 1024;

/// One largest message and a little more. Reading a message takes at most three times its size
/// (itself, the text without escapes, the text that is kept for a moment).
const ROOM_KIB: usize = 52 * 1024;

/// Clones share the same room.
#[derive(Debug, Clone)]
pub struct LargeMessages(Arc<Semaphore>);

/// Room for one message, given back when dropped.
pub(super) type Room = OwnedSemaphorePermit;

impl Default for LargeMessages {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ROOM_KIB)))
    }
}

impl LargeMessages {
    pub(super) fn room_for(&self, bytes: u64) -> Option<Room> {
        let kib = u32::try_from(bytes.div_ceil(1024)).ok()?;
        self.0.clone().try_acquire_many_owned(kib).ok()
    }
}
