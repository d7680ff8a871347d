//! What can go wrong with a mail, and what the operator can do about it. Texts of servers are
//! bounded and on one line.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use lettre::transport::smtp;

use crate::line::one_line;

/// Longest text of a server, or of an address, that is kept, in characters.
const LONGEST: usize = 200;

/// What a server was asked for when it refused or fell silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    Connection,
    /// Its offers, or a sign of life, on a connection that stands.
    Greeting,
    Login,
    Sender(String),
    Recipient(String),
    Mail,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    #[error("`{address}` is not a mail address")]
    Malformed { address: String },
    #[error("cannot reach {server}: {finding}")]
    Unreachable { server: String, finding: String },
    #[error("{server} offers no STARTTLS")]
    NoStartTls { server: String },
    #[error("the certificate of {server} is not trusted: {finding}")]
    Untrusted { server: String, finding: String },
    #[error("{server} offers no login with a password")]
    NoLogin { server: String },
    /// For good: the answer's code is 5xx.
    #[error("{server} refused {asked}: {answer}")]
    Refused {
        server: String,
        asked: Asked,
        answer: String,
    },
    #[error("the mail is too large for {server}: {answer}")]
    TooLarge { server: String, answer: String },
    /// For now: the answer's code is 4xx.
    #[error("{server} does not take {asked} now: {answer}")]
    Postponed {
        server: String,
        asked: Asked,
        answer: String,
    },
    #[error("the connection to {server} broke at {asked}: {finding}")]
    Broken {
        server: String,
        asked: Asked,
        finding: String,
    },
    #[error("{server} was not done with {asked} after {} s", limit.as_secs_f64())]
    Silent {
        server: String,
        asked: Asked,
        limit: Duration,
    },
}

impl MailError {
    /// Whether trying again later, without any change on this side, may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Postponed { .. }
            | Self::Broken { .. }
            | Self::Silent { .. } => true,
            Self::Malformed { .. }
            | Self::NoStartTls { .. }
            | Self::Untrusted { .. }
            | Self::NoLogin { .. }
            | Self::Refused { .. }
            | Self::TooLarge { .. } => false,
        }
    }

    /// What to do next, where one thing is obvious.
    pub fn advice(&self) -> Option<&'static str> {
        let advice = match self {
            Self::Malformed { .. } => {
                "check EMAIL_TARGET, DEFAULT_FROM_EMAIL and EMAIL_HOST_USER: `me@example.org` or \
                 `Me <me@example.org>`"
            }
            Self::Unreachable { .. }
            | Self::Silent {
                asked: Asked::Connection,
                ..
            } => "check the network, EMAIL_HOST and EMAIL_PORT, then run it again",
            Self::NoStartTls { .. } => {
                "check EMAIL_PORT: 587, or 465 for TLS from the first byte on"
            }
            Self::Untrusted { .. } => {
                "EMAIL_HOST must be a name in the certificate; SSL_CERT_FILE names an authority of \
                 your own"
            }
            Self::NoLogin { .. } => {
                "unset EMAIL_HOST_USER if none is needed; with EMAIL_USE_TLS=0 many servers offer \
                 none"
            }
            Self::Refused { asked, .. } => match asked {
                Asked::Login => {
                    "check EMAIL_HOST_USER and EMAIL_HOST_PASSWORD; many providers want an app \
                     password"
                }
                Asked::Sender(_) => {
                    "set DEFAULT_FROM_EMAIL to an address that EMAIL_HOST_USER may send from"
                }
                Asked::Recipient(_) => "check EMAIL_TARGET, and whether the server wants a login",
                Asked::Connection | Asked::Greeting | Asked::Mail => return None,
            },
            Self::TooLarge { .. } => {
                "lower EMAIL_ATTACHMENT_LIMIT_MIB; a mail is 1.4 times as large as what is attached"
            }
            Self::Postponed { .. } | Self::Broken { .. } | Self::Silent { .. } => return None,
        };
        Some(advice)
    }

    pub(super) fn malformed(address: &str) -> Self {
        Self::Malformed {
            address: shortened(address),
        }
    }

    /// `masked` takes out of a server's text what nobody is to see.
    pub(super) fn from_smtp(
        server: &str,
        asked: Asked,
        error: &smtp::Error,
        masked: impl FnOnce(String) -> String,
    ) -> Self {
        let server = server.to_owned();
        let Some(code) = error.status() else {
            return Self::from_connection(server, asked, error, masked);
        };
        let text = error.source().map(ToString::to_string).unwrap_or_default();
        let text = masked(text);
        let is_size = is_about_size(u16::from(code), &text);
        let answer = shortened(&format!("{code} {text}"));
        match asked {
            Asked::Sender(_) | Asked::Mail if is_size => Self::TooLarge { server, answer },
            _ if error.is_transient() => Self::Postponed {
                server,
                asked,
                answer,
            },
            _ => Self::Refused {
                server,
                asked,
                answer,
            },
        }
    }

    /// An answer that is none by RFC 5321 is quoted in here, too.
    fn from_connection(
        server: String,
        asked: Asked,
        error: &smtp::Error,
        masked: impl FnOnce(String) -> String,
    ) -> Self {
        if let Some(finding) = distrust(error) {
            return Self::Untrusted {
                server,
                finding: shortened(&finding),
            };
        }
        // the innermost cause says what happened, the outer ones only where
        let mut cause: &dyn Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        let finding = shortened(&masked(cause.to_string()));
        match asked {
            Asked::Connection => Self::Unreachable { server, finding },
            _ => Self::Broken {
                server,
                asked,
                finding,
            },
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection => f.write_str("the connection"),
            Self::Greeting => f.write_str("the greeting"),
            Self::Login => f.write_str("the login"),
            Self::Sender(address) => write!(f, "the sender {address}"),
            Self::Recipient(address) => write!(f, "the recipient {address}"),
            Self::Mail => f.write_str("the mail"),
        }
    }
}

/// 552 alone may mean it, but also a full mailbox or a content that is not liked: where there is a
/// code of RFC 3463, that one counts.
fn is_about_size(code: u16, text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    match first.starts_with("5.") {
        true => matches!(first, "5.3.4" | "5.2.3"),
        false => code == 552,
    }
}

/// What is wrong with the server's certificate, if that is the cause.
fn distrust(error: &smtp::Error) -> Option<String> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        let tls = wrapped.and_then(|wrapped| wrapped.downcast_ref::<rustls::Error>());
        if let Some(rustls::Error::InvalidCertificate(finding)) = tls {
            return Some(finding.to_string());
        }
        cause = error.source();
    }
    None
}

/// On one line, and short.
pub(super) fn shortened(text: &str) -> String {
    one_line(text, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_mailbox_and_a_content_that_is_not_liked_are_no_matter_of_size() {
        assert!(is_about_size(552, "Error: message size exceeds"));
        assert!(is_about_size(552, "5.3.4 Your message exceeded limits"));
        assert!(is_about_size(550, "5.2.3 message length exceeds"));
        assert!(!is_about_size(552, "5.2.2 mailbox full"));
        assert!(!is_about_size(552, "5.7.0 potential security issue"));
        assert!(!is_about_size(550, "no such user"));
    }
}
