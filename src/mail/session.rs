//! The talk with a mail server, by RFC 5321: each answer in time or not at all, each refusal with
//! what was asked for.

use std::fmt::Display;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Noop, Quit, Rcpt};
use lettre::transport::smtp::extension::{ClientId, MailParameter};
use lettre::transport::smtp::response::Response;
use tokio::time::{Instant, timeout, timeout_at};
use zeroize::Zeroizing;

use super::envelope::Envelope;
use super::letter::Letter;
use super::{Asked, Limits, MailError};
use crate::failpoint;
use crate::settings::{MASK, MailAccess, MailEncryption};

const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

pub(super) struct Session<'a> {
    access: &'a MailAccess,
    /// As messages name it.
    server: String,
    hello: ClientId,
    connection: AsyncSmtpConnection,
    limits: Limits,
    deadline: Instant,
}

impl<'a> Session<'a> {
    /// Connects and encrypts. Introduces itself as the sender's domain: an address like
    /// `[127.0.0.1]` is turned away by servers that look at it.
    pub(super) async fn open(
        access: &'a MailAccess,
        envelope: &Envelope,
        limits: Limits,
    ) -> Result<Self, MailError> {
        let deadline = Instant::now() + limits.total;
        let server = format!("{}:{}", access.host, access.port);
        let hello = ClientId::Domain(envelope.from.email.domain().to_owned());
        let connecting = connected(access, &hello, limits.connect);
        // lettre 0.11 panics where a line of the server's offers has nothing but spaces
        let connecting = AssertUnwindSafe(connecting).catch_unwind();
        let connection = match timeout(limits.connect, connecting).await {
            Ok(Ok(Ok(Some(connection)))) => connection,
            Ok(Ok(Ok(None))) => return Err(MailError::NoStartTls { server }),
            Ok(Err(_)) => {
                let finding = "a line of its offers has no word".to_owned();
                return Err(MailError::Unreachable { server, finding });
            }
            Ok(Ok(Err(error))) => {
                let asked = Asked::Connection;
                let masked = |text| masked(access, text);
                return Err(MailError::from_smtp(&server, asked, &error, masked));
            }
            Err(_) => {
                return Err(MailError::Silent {
                    server,
                    asked: Asked::Connection,
                    limit: limits.connect,
                });
            }
        };
        Ok(Self {
            access,
            server,
            hello,
            connection,
            limits,
            deadline,
        })
    }

    /// Does nothing where the settings have no login.
    pub(super) async fn log_in(&mut self) -> Result<(), MailError> {
        let Some((user, password)) = &self.access.login else {
            return Ok(());
        };
        let info = self.connection.server_info();
        if info.get_auth_mechanism(&MECHANISMS).is_none() {
            return Err(MailError::NoLogin {
                server: self.server.clone(),
            });
        }
        let login = Credentials::new(user.clone(), password.reveal().to_owned());
        let answer = self.connection.auth(&MECHANISMS, &login);
        let answer = timeout_at(self.deadline, answer).await.ok();
        self.heard(Asked::Login, answer).map(drop)
    }

    /// Whether it is still there and listens.
    pub(super) async fn prove(&mut self) -> Result<(), MailError> {
        self.ask(Asked::Greeting, Noop).await.map(drop)
    }

    pub(super) async fn hand_over(
        &mut self,
        envelope: &Envelope,
        letter: &Letter,
    ) -> Result<(), MailError> {
        let size = self.announced(letter.len()).await?;
        let from = &envelope.from.email;
        let mail = Mail::new(Some(from.clone()), size);
        self.ask(Asked::Sender(from.to_string()), mail).await?;
        for to in envelope.to.iter().map(|to| &to.email) {
            let recipient = Rcpt::new(to.clone(), Vec::new());
            self.ask(Asked::Recipient(to.to_string()), recipient)
                .await?;
        }
        self.ask(Asked::Mail, Data).await?;
        failpoint::hit("mail.send");
        let answer = self.connection.message_iter(letter.pieces());
        let answer = timeout_at(self.deadline, answer).await.ok();
        self.heard(Asked::Mail, answer)?;
        failpoint::hit("mail.sent");
        Ok(())
    }

    /// Says goodbye. The server has done its part, so it does not matter what it says.
    pub(super) async fn leave(mut self) {
        let _ = timeout(self.limits.connect, self.connection.command(Quit)).await;
    }

    /// Tells the server the size where it wants to know: one that refuses a large mail only while
    /// it comes often breaks the connection, and nobody learns why.
    async fn announced(&mut self, bytes: usize) -> Result<Vec<MailParameter>, MailError> {
        let hello = Ehlo::new(self.hello.clone());
        let offers = self.ask(Asked::Greeting, hello).await?;
        let Some(most) = offers.message().find_map(most_taken) else {
            return Ok(Vec::new());
        };
        if most > 0 && bytes as u64 > most {
            return Err(MailError::TooLarge {
                server: self.server.clone(),
                answer: format!("it has {bytes} bytes, at most {most} are taken"),
            });
        }
        Ok(vec![MailParameter::Size(bytes)])
    }

    async fn ask(&mut self, asked: Asked, command: impl Display) -> Result<Response, MailError> {
        let answer = timeout_at(self.deadline, self.connection.command(command)).await;
        self.heard(asked, answer.ok())
    }

    /// `None`: the time was up.
    fn heard(
        &self,
        asked: Asked,
        answer: Option<Result<Response, Error>>,
    ) -> Result<Response, MailError> {
        let server = &self.server;
        match answer {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error)) => {
                let masked = |text| masked(self.access, text);
                Err(MailError::from_smtp(server, asked, &error, masked))
            }
            None => Err(MailError::Silent {
                server: server.clone(),
                asked,
                limit: self.limits.total,
            }),
        }
    }
}

/// A text of the server without the password, in whatever form it may have come to know it.
fn masked(access: &MailAccess, text: String) -> String {
    let Some((user, password)) = &access.login else {
        return text;
    };
    let plain = Zeroizing::new(format!("\0{user}\0{}", password.reveal()));
    let forms = [
        Zeroizing::new(password.reveal().to_owned()),
        Zeroizing::new(STANDARD.encode(password.reveal())),
        Zeroizing::new(STANDARD.encode(plain.as_str())),
    ];
    let mut forms = forms.iter().filter(|form| !form.is_empty());
    match forms.any(|form| text.contains(form.as_str())) {
        true => MASK.to_owned(),
        false => text,
    }
}

/// `None` where STARTTLS is wanted and not offered.
async fn connected(
    access: &MailAccess,
    hello: &ClientId,
    limit: Duration,
) -> Result<Option<AsyncSmtpConnection>, Error> {
    let tls = || TlsParameters::new(access.host.clone());
    let from_the_start = match access.encryption {
        MailEncryption::Tls => Some(tls()?),
        MailEncryption::StartTls | MailEncryption::None => None,
    };
    let server = (access.host.as_str(), access.port);
    // half of it, so that a second address of a name has its turn
    let each = Some(limit / 2);
    let mut connection =
        AsyncSmtpConnection::connect_tokio1(server, each, hello, from_the_start, None).await?;
    if access.encryption == MailEncryption::StartTls {
        if !connection.can_starttls() {
            return Ok(None);
        }
        connection.starttls(tls()?, hello).await?;
    }
    Ok(Some(connection))
}

/// Of an offer of SIZE, in bytes; 0: no limit is known.
fn most_taken(offer: &str) -> Option<u64> {
    let mut words = offer.split_whitespace();
    let is_size = words.next()?.eq_ignore_ascii_case("SIZE");
    is_size.then(|| words.next().and_then(|most| most.parse().ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_of_size_may_have_a_limit() {
        assert_eq!(most_taken("SIZE 35882577"), Some(35_882_577));
        assert_eq!(most_taken("size"), Some(0));
        assert_eq!(most_taken("SIZE much"), Some(0));
        assert_eq!(most_taken("SIZELESS 1"), None);
        assert_eq!(most_taken(""), None);
    }
}
