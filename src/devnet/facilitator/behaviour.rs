//! Misbehaviours to choose from. Each changes what an honest facilitator would do at a moment of
//! a connection; how that is carried out is not known here.

use super::malformed;
use super::reply::Reply;
use crate::wire::facilitator::JobStatus;

/// What a facilitator does in place of being honest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Behaviour {
    #[default]
    Honest,
    /// Takes the TCP connection and never answers its HTTP request.
    SilentBeforeUpgrade,
    /// The websocket stands; it reads nothing and says nothing, no pong either.
    SilentAfterConnect,
    /// Takes no authentication for good.
    RefusesAuthentication,
    /// Once authenticated, it reads nothing more and says nothing. Connections that are
    /// authenticated when this begins fall silent at once.
    SilentAfterAuthentication,
    /// Closes the connection after this, every time.
    ClosesAfter(After),
    /// The same, once; honest from then on.
    ClosesOnceAfter(After),
    /// Hands out each job twice.
    DuplicatesRequests,
    /// Hands out requests before each job that are none.
    MalformedRequests,
    /// Answers each update with an error, and takes no events.
    ErrorResponses,
    /// Hears a status update, then drops the connection: no answer and no close frame.
    ForgetsUpdates,
    /// Sends a frame of so many MiB after the authentication.
    HugeFrame { mebibytes: usize },
}

/// What a connection is closed after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// The websocket stands, nothing is said yet.
    Connect,
    /// The authentication has been answered.
    Authentication,
    Heartbeat,
    /// A job has been handed out.
    JobRequest,
    /// A status update has been answered.
    StatusUpdate(Which),
}

/// Which status updates are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Any,
    Accepted,
    /// The last one of a job: rejected, failed or completed.
    Final,
}

/// What has just happened on a connection, or is about to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Connect,
    /// An authentication that holds.
    Authentication,
    Heartbeat,
    JobRequest,
    StatusUpdate(JobStatus),
    SpecsUpdate,
}

impl Behaviour {
    /// What this facilitator does at a moment where an honest one would do `honest`.
    pub(super) fn replies(&self, moment: Moment, mut honest: Vec<Reply>) -> Vec<Reply> {
        match (self, moment) {
            (Self::SilentAfterConnect, Moment::Connect) => vec![Reply::FallSilent],
            (Self::RefusesAuthentication, Moment::Authentication) => {
                vec![
                    Reply::refusal("this validator is not welcome"),
                    Reply::Close,
                ]
            }
            (Self::SilentAfterAuthentication, Moment::Authentication) => {
                honest.push(Reply::FallSilent);
                honest
            }
            (Self::ClosesAfter(after) | Self::ClosesOnceAfter(after), _) if after.is(moment) => {
                honest.push(Reply::Close);
                honest
            }
            (Self::DuplicatesRequests, Moment::JobRequest) => [honest.clone(), honest].concat(),
            (Self::MalformedRequests, Moment::JobRequest) => {
                [malformed::requests(), honest].concat()
            }
            (Self::ErrorResponses, Moment::StatusUpdate(_) | Moment::SpecsUpdate) => {
                vec![Reply::refusal("the update is not liked")]
            }
            (Self::ForgetsUpdates, Moment::StatusUpdate(_)) => vec![Reply::HangUp],
            (Self::HugeFrame { mebibytes }, Moment::Authentication) => {
                honest.push(Reply::Text("x".repeat(mebibytes << 20)));
                honest
            }
            _ => honest,
        }
    }

    /// Whether this has done its part once `moment` is over.
    pub(super) fn ends_with(&self, moment: Moment) -> bool {
        matches!(self, Self::ClosesOnceAfter(after) if after.is(moment))
    }
}

impl After {
    fn is(self, moment: Moment) -> bool {
        match (self, moment) {
            (Self::Connect, Moment::Connect)
            | (Self::Authentication, Moment::Authentication)
            | (Self::Heartbeat, Moment::Heartbeat)
            | (Self::JobRequest, Moment::JobRequest) => true,
            (Self::StatusUpdate(which), Moment::StatusUpdate(status)) => which.is(status),
            _ => false,
        }
    }
}

impl Which {
    fn is(self, status: JobStatus) -> bool {
        match self {
            Self::Any => true,
            Self::Accepted => status == JobStatus::Accepted,
            Self::Final => status != JobStatus::Accepted,
        }
    }
}
