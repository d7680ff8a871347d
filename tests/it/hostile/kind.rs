//! The kinds of hostile miners, and the events of which each has at least one.

use std::time::Duration;

use horde_validator::devnet::miner::{Behaviour, Step};
use horde_validator::wire::event::EventSubtype::{self, *};

use super::frames::Frames;
use super::messages::Text;
use super::sockets::Socket;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Before the first message.
    Socket(Socket),
    /// In place of a manifest.
    Frames(Frames),
    /// After a good manifest, while others work.
    FramesAtWork(Frames),
    /// In place of a manifest, or of the end of a job.
    Says(Text, Step),
    /// Does not do its own jobs and speaks about those of the honest.
    Slanders,
    /// Says that it has a billion executors, and no more.
    Claims,
    /// Answers 10,000 jobs that there are not.
    Invents,
    /// Ends its job wrongly, 1,000 times.
    Repeats,
    /// One of those that the local subnet has.
    Behaves(Behaviour),
}

impl Kind {
    /// Kinds whose miners earn nothing.
    pub(super) fn all() -> Vec<Self> {
        let sockets = [
            Socket::HalfOpen,
            Socket::Closes,
            Socket::Drips,
            Socket::Garbage,
            Socket::Headers,
            Socket::Redirects,
        ];
        let frames = [
            Frames::Gibibyte,
            Frames::Mebibytes,
            Frames::Parts,
            Frames::Drips,
            Frames::Pings,
            Frames::Bomb,
            Frames::Garbage,
        ];
        let texts = Text::ALL.into_iter();
        let texts = texts.flat_map(|text| [Step::Manifest, Step::Finish].map(|at| (text, at)));
        let others = [Self::Slanders, Self::Claims, Self::Invents, Self::Repeats];
        sockets
            .map(Self::Socket)
            .into_iter()
            .chain(frames.map(Self::Frames))
            .chain(frames.map(Self::FramesAtWork))
            .chain(texts.map(|(text, at)| Self::Says(text, at)))
            .chain(others)
            .chain(behaviours().map(Self::Behaves))
            .collect()
    }

    /// The subtypes of which a miner of this kind has at least one event.
    pub(super) fn events(&self) -> &'static [EventSubtype] {
        match self {
            Self::Socket(_) | Self::Frames(_) => &[ManifestTimeout, MinerConnectionError],
            // what is no JSON has no type either
            Self::Says(Text::NotANumber, Step::Manifest) => &[ManifestTimeout],
            Self::Says(_, Step::Manifest) => &[ManifestError],
            Self::FramesAtWork(_) => &[JobNotStarted, MinerSendError],
            Self::Says(..) | Self::Slanders => &[JobExecutionTimeout],
            Self::Claims | Self::Invents => &[JobNotStarted],
            Self::Repeats => &[Failure],
            Self::Behaves(behaviour) => of_behaviour(behaviour),
        }
    }
}

fn behaviours() -> impl Iterator<Item = Behaviour> {
    [
        Behaviour::SilentAtManifest,
        Behaviour::SilentAfterAccept,
        Behaviour::SilentAtJob,
        Behaviour::Garbage {
            is_honest_between: false,
        },
        Behaviour::OutOfOrder,
        Behaviour::Overwrites,
        Behaviour::Huge { mebibytes: 49 },
        Behaviour::Late(Duration::from_secs(12)),
        Behaviour::UnknownClass,
        Behaviour::Unauthorized,
        Behaviour::FailsJobs,
        Behaviour::ExecutorFails,
        Behaviour::ClosesAt(Step::Connect),
        Behaviour::ClosesAt(Step::Manifest),
        Behaviour::ClosesAt(Step::Accept),
        Behaviour::ClosesAt(Step::Ready),
        Behaviour::ClosesAt(Step::Finish),
    ]
    .into_iter()
}

fn of_behaviour(behaviour: &Behaviour) -> &'static [EventSubtype] {
    match behaviour {
        Behaviour::UnknownClass => &[ManifestError],
        Behaviour::Unauthorized => &[Unauthorized],
        Behaviour::SilentAfterAccept => &[JobNotStarted],
        Behaviour::SilentAtJob | Behaviour::OutOfOrder | Behaviour::Late(_) => {
            &[JobExecutionTimeout]
        }
        Behaviour::Overwrites | Behaviour::FailsJobs => &[Failure],
        // there was room for its answer, or there was none
        Behaviour::Huge { .. } => &[Failure, JobExecutionTimeout],
        Behaviour::ExecutorFails => &[JobRejected],
        Behaviour::ClosesAt(Step::Accept | Step::Ready) => &[JobNotStarted, MinerSendError],
        Behaviour::ClosesAt(Step::Finish) => &[JobExecutionTimeout],
        // with garbage in place of a manifest
        _ => &[ManifestError, ManifestTimeout, MinerConnectionError],
    }
}
