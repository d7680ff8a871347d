//! What hostile miners publish in place of their receipts, and what is said of it.

use std::time::Duration;

use horde_validator::devnet::miner::ReceiptsFile;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum File {
    /// The system completes the connection, nobody ever takes it.
    HalfOpen,
    /// One byte at such intervals.
    Drips(Duration),
    /// Headers without end.
    Headers,
    /// Grows to 159 times its size, without end.
    Bomb,
    /// Sent to itself, again and again.
    Redirects,
    /// 10 GiB that are announced as such, of empty lines.
    Announced,
    /// One of those that the local subnet has.
    Devnet(ReceiptsFile),
}

impl File {
    /// All kinds but one, and what its event or its warning says.
    pub(super) fn all() -> Vec<(Self, &'static str)> {
        const STALLED: &str = "nothing came for 5 s";
        let own = [
            (Self::HalfOpen, STALLED),
            (Self::Drips(Duration::from_secs(10)), STALLED),
            (Self::Headers, "no answer"),
            (Self::Bomb, "the file has no column"),
            (Self::Redirects, "answered with status 307"),
            (Self::Announced, "the file has no column"),
        ];
        let devnet = [
            (ReceiptsFile::Silent, STALLED),
            (ReceiptsFile::Hangs, STALLED),
            (ReceiptsFile::BreaksOff, "no answer"),
            (ReceiptsFile::Endless, TOO_LONG),
            (ReceiptsFile::Garbage, TOO_LONG),
            (ReceiptsFile::OneLine, TOO_LONG),
            (ReceiptsFile::Forged { rows: 1_000_000 }, "do not hold"),
            (ReceiptsFile::Anothers, "it is a receipt of another miner"),
            (ReceiptsFile::Status(503), "answered with status 503"),
        ];
        let devnet = devnet.map(|(file, said)| (Self::Devnet(file), said));
        own.into_iter().chain(devnet).collect()
    }

    /// Never silent for long, and so read for as long as a file may take.
    pub(super) fn slow() -> (Self, &'static str) {
        let drips = Self::Drips(Duration::from_secs(2));
        (drips, "the answer was not complete after 60 s")
    }
}

/// More than may be, or longer: depends on the machine.
pub(super) const TOO_LONG: &str = "the answer ";
