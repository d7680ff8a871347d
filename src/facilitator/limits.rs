//! How long the facilitator may take, and how often it is asked again.

use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For one attempt to connect, authentication included.
    pub connect: Duration,
    /// For the system to take a message.
    pub send: Duration,
    /// From heartbeat to heartbeat.
    pub heartbeat: Duration,
    /// From ping to ping.
    pub ping: Duration,
    /// A connection on which nothing at all came for so long is over. Half-dead connections are
    /// the commonest way in which relays stop for days.
    pub silence: Duration,
    /// The shortest and the longest delay before a new attempt.
    pub least_delay: Duration,
    pub most_delay: Duration,
    /// A connection that lasted so long is no failure: delays begin anew.
    pub lasting: Duration,
    /// The largest message, in bytes: jobs may bring their volume with them.
    pub message: usize,
}

impl Limits {
    pub const PRODUCTION: Self = Self {
        connect: Duration::from_secs(30),
        send: Duration::from_secs(30),
        heartbeat: Duration::from_secs(60),
        ping: Duration::from_secs(30),
        silence: Duration::from_secs(120),
        least_delay: Duration::from_secs(1),
        most_delay: Duration::from_secs(60),
        lasting: Duration::from_secs(60),
        message: 16 * 1024 * 1024,
    };

    /// All durations times `factor`, for rehearsals; what depends on the machine keeps a second.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let scaled = |limit: Duration| limit.mul_f64(factor);
        let least = |limit: Duration| scaled(limit).max(limit.min(Duration::from_secs(1)));
        Self {
            connect: least(self.connect),
            send: least(self.send),
            heartbeat: scaled(self.heartbeat),
            ping: scaled(self.ping),
            silence: scaled(self.silence),
            least_delay: scaled(self.least_delay),
            most_delay: scaled(self.most_delay),
            lasting: scaled(self.lasting),
            message: self.message,
        }
    }
}
