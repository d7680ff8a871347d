//! Misbehaviours of a bucket server to choose from. How they are carried out is not known here.

use std::time::Duration;

/// What it does in place of being honest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Behaviour {
    #[default]
    Honest,
    /// Waits so long before each answer.
    Slow(Duration),
    /// Answers each so-many-th request with an internal error.
    FailsNowAndThen { every: usize },
    /// Carries out so many requests from now on, and answers those after them with an error.
    FailsAfter { requests: usize },
    /// Shows the version of an object before the newest, if there is one.
    Stale,
    /// Shows so many bytes in place of each object.
    Oversized { bytes: usize },
    /// An upload is taken at once and can be read only so much later.
    LateUploads(Duration),
    /// Objects whose keys contain this are taken and then not there.
    Loses { part_of_key: String },
}
