//! What a facilitator has seen and done, for tests and for the story that a demo tells.

use std::collections::BTreeMap;

use crate::wire::event::{EventSubtype, EventType};
use crate::wire::facilitator::{JobStatus, JobStatusUpdate, MachineSpecsUpdate, ResponseStatus};

/// Counts and texts since the facilitator started. Nothing is ever taken out.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    pub connections: usize,
    /// Connections that are over, by whichever side; half-dead ones are not.
    pub ended: usize,
    /// Connections that authenticated.
    pub authenticated: usize,
    /// Authentications that were refused.
    pub refused: usize,
    pub heartbeats: usize,
    /// On the level of the websocket.
    pub pings: usize,
    /// What each connection said of its versions.
    pub versions: Vec<Versions>,
    /// In the order in which they came.
    pub updates: Vec<ReceivedUpdate>,
    pub specs: Vec<MachineSpecsUpdate>,
    /// The beginnings of messages that were none, or not now.
    pub unexpected: Vec<String>,
    /// How many times each job was handed out, by uuid; a text without one has an empty uuid.
    pub handed_out: BTreeMap<String, usize>,
    /// System events that came, by their names.
    pub events: BTreeMap<(EventType, EventSubtype), usize>,
    /// Requests that brought them.
    pub event_requests: usize,
    pub refused_event_requests: usize,
}

/// The headers of a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Versions {
    /// `X-Validator-Version`
    pub validator: Option<String>,
    /// `X-Validator-Runner-Version`
    pub runner: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedUpdate {
    /// Which connection it came on, from 0.
    pub connection: usize,
    pub update: JobStatusUpdate,
    /// What it is answered with; `None`: nothing.
    pub answer: Option<ResponseStatus>,
}

impl Ledger {
    /// All that was said of a job, answered or not.
    pub fn statuses(&self, uuid: &str) -> Vec<JobStatus> {
        self.updates_of(uuid).map(|one| one.update.status).collect()
    }

    /// The updates about a job, in the order in which they came.
    pub fn updates_of(&self, uuid: &str) -> impl Iterator<Item = &ReceivedUpdate> {
        self.updates
            .iter()
            .filter(move |one| one.update.uuid == uuid)
    }
}
