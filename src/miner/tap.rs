//! A look at everything that is said on a connection, for an operator who debugs one miner.
//! What is shown is cut: see `wire::redacted`.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Moment;
use crate::wire::redacted;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    Validator,
    Miner,
}

/// One message, fit to be shown.
#[derive(Debug, Clone)]
pub struct Heard {
    pub at: Moment,
    pub speaker: Speaker,
    pub text: String,
}

/// Closed unless somebody listens. Clones write to the same listener.
#[derive(Debug, Clone, Default)]
pub struct Tap(Option<UnboundedSender<Heard>>);

impl Tap {
    pub fn open() -> (Self, UnboundedReceiver<Heard>) {
        let (sender, receiver) = unbounded_channel();
        (Self(Some(sender)), receiver)
    }

    pub(super) fn note(&self, speaker: Speaker, text: &str, at: Moment) {
        if let Some(listener) = &self.0 {
            let text = redacted(text);
            // a listener that has gone needs nothing
            let _ = listener.send(Heard { at, speaker, text });
        }
    }
}
