//! From settings and a mail to a server that has taken it, or said why not.

use std::time::Duration;

use super::MailError;
use super::envelope::Envelope;
use super::letter::{Letter, Mail};
use super::session::Session;
use crate::settings::MailAccess;

/// Bounds on one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until the server has greeted and the connection is encrypted.
    pub connect: Duration,
    /// For everything, from connecting to the server's word that it has taken the mail.
    pub total: Duration,
}

/// Attachments take their time on slow lines.
const FOR_MAIL: Limits = Limits {
    connect: Duration::from_secs(20),
    total: Duration::from_secs(600),
};

/// Nothing large is sent, but servers answer wrong logins slowly.
const FOR_CHECK: Limits = Limits {
    connect: Duration::from_secs(20),
    total: Duration::from_secs(60),
};

/// Hands a mail to the server of the settings, to all recipients: if one of them is refused, nobody
/// gets it. Succeeds when the server has taken it, and takes 10 minutes at most.
///
/// # Errors
/// The server cannot be reached or trusted, refuses, or does not answer in time. After
/// [`MailError::Broken`] and [`MailError::Silent`] it may have taken the mail all the same.
pub async fn send(access: &MailAccess, mail: Mail) -> Result<(), MailError> {
    send_within(access, mail, FOR_MAIL).await
}

/// As [`send`], with bounds of one's own.
///
/// # Errors
/// As for [`send`].
pub async fn send_within(access: &MailAccess, mail: Mail, limits: Limits) -> Result<(), MailError> {
    let envelope = Envelope::of(access)?;
    let letter = Letter::new(&envelope, mail);
    let mut session = Session::open(access, &envelope, limits).await?;
    session.log_in().await?;
    session.hand_over(&envelope, &letter).await?;
    session.leave().await;
    Ok(())
}

/// Connects, encrypts, logs in, says NOOP and QUIT: sends nothing. Takes 60 seconds at most.
///
/// # Errors
/// As for [`send`]; what the server thinks of sender and recipients is not known.
pub async fn check(access: &MailAccess) -> Result<(), MailError> {
    let envelope = Envelope::of(access)?;
    let mut session = Session::open(access, &envelope, FOR_CHECK).await?;
    session.log_in().await?;
    session.prove().await?;
    session.leave().await;
    Ok(())
}
