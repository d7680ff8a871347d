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
    /// Is too busy for so many requests, then works.
    Busy { times: usize },
    /// Takes so many parts of uploads, and from then on breaks every connection.
    Vanishes { after_parts: usize },
    /// Takes each part of this number and does not keep it.
    LosesPart { number: u32 },
    /// Announces so many times that the parts of an upload are joined, and then that they are not.
    FailsToJoin { times: usize },
    /// Joins the parts of an upload and breaks the connection in place of saying so.
    JoinsUnheard,
    /// Changes each body on the way, so many times.
    Garbles { times: usize },
    /// Breaks so many reads of objects after so many bytes.
    BreaksReads { after: usize, times: usize },
    /// Keeps all but the last byte of each object.
    Shortens,
}
