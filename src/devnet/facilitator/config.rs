//! What a facilitator is to be like.

use super::Behaviour;
use crate::keys::Hotkey;

/// The default is an honest one on any free port, for every validator.
#[derive(Debug, Clone, Default)]
pub struct FacilitatorConfig {
    /// On loopback; 0 is any free one.
    pub port: u16,
    /// Validators that may come in; none named: all.
    pub allowed: Vec<Hotkey>,
    pub behaviour: Behaviour,
    /// The real one says nothing to a heartbeat.
    pub answers_heartbeats: bool,
}

impl FacilitatorConfig {
    #[must_use]
    pub fn behaving(self, behaviour: Behaviour) -> Self {
        Self { behaviour, ..self }
    }
}
