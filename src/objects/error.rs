//! What can go wrong with a bucket, and what the operator can do about it. Texts hold no
//! credentials and no signed addresses; advice names no setting, since several name a server.

use std::error::Error;
use std::io;
use std::path::Path;

use rusoto_core::RusotoError;

use super::xml::text_of;
use crate::http::HttpError;
use crate::line::one_line;

/// Longest text of a server that is kept.
const LONGEST: usize = 200;

/// Refusals that say nothing against the request: something else was going on, or its bytes were
/// changed or lost on the way.
const PASSING: [&str; 5] = [
    "OperationAborted",
    "RequestTimeout",
    "IncompleteBody",
    "BadDigest",
    "XAmzContentSHA256Mismatch",
];

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectsError {
    #[error("cannot reach {server}: {finding}")]
    Unreachable { server: String, finding: String },
    #[error("{server} refused to {action}: {code}{}", told(message))]
    Refused {
        server: String,
        /// As a verb: "set the policy".
        action: &'static str,
        status: u16,
        /// As S3 names it, or `status 403` where it did not.
        code: String,
        message: String,
    },
    #[error("cannot read the answer of {server} to {action}: {finding}")]
    Unreadable {
        server: String,
        action: &'static str,
        finding: String,
    },
    #[error("an upload can be signed for 1 s to 7 days, not for {seconds} s")]
    Validity { seconds: u64 },
    #[error("an object's key has 1 to 1024 bytes and no part `.` or `..`, this one does not")]
    BadKey,
    #[error("cannot {action} {path}: {finding}")]
    File {
        /// As a verb: "read".
        action: &'static str,
        path: String,
        finding: String,
    },
    #[error("{what} has more than {most} bytes")]
    TooLarge { what: String, most: u64 },
    #[error("{server} has more than {most} {what} of this name")]
    TooMany {
        server: String,
        what: &'static str,
        most: usize,
    },
    #[error("{server} has {found} bytes of {key}, {wanted} were sent")]
    Length {
        server: String,
        key: String,
        wanted: u64,
        found: u64,
    },
    #[error("{server} took {key} and has no such object")]
    Lost { server: String, key: String },
    #[error("{key} on {server} was replaced while it was read")]
    Replaced { server: String, key: String },
}

impl ObjectsError {
    /// Whether trying again later, without any change on this side, may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, code, .. } => {
                *status >= 500 && *status != 501
                    || matches!(status, 408 | 425 | 429)
                    || PASSING.contains(&code.as_str())
            }
            Self::Replaced { .. } => true,
            Self::Unreadable { .. }
            | Self::Validity { .. }
            | Self::BadKey
            | Self::File { .. }
            | Self::TooLarge { .. }
            | Self::TooMany { .. }
            | Self::Length { .. }
            | Self::Lost { .. } => false,
        }
    }

    /// The server's own name for a refusal.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// What to do next, where one thing is obvious.
    pub fn advice(&self) -> Option<&'static str> {
        let advice = match self.code() {
            Some("InvalidAccessKeyId") => "check the access key's id: this server does not know it",
            Some("SignatureDoesNotMatch") => {
                "check the access key's secret: it does not belong to its id"
            }
            Some("RequestTimeTooSkewed") => "set this clock right (`timedatectl`)",
            Some("AccessDenied" | "AllAccessDisabled" | "status 403") => {
                "let this key pair do what docs/buckets.md lists, or take another one"
            }
            Some(
                "AuthorizationHeaderMalformed"
                | "PermanentRedirect"
                | "TemporaryRedirect"
                | "IllegalLocationConstraintException"
                | "InvalidLocationConstraint"
                | "status 301",
            ) => "check the region, and the server's address if one is set",
            Some("NoSuchBucket") => "check the bucket's name, or make the bucket",
            Some("unauthorized" | "bad_auth_token" | "status 401") => {
                "check the application key's id and secret; one that is limited to a bucket will do"
            }
            Some("TooManyBuckets") => "delete a bucket, or have Amazon raise the limit",
            Some("NotImplemented") => "this server lacks a part of S3 that is needed; take another",
            _ if matches!(self, Self::Unreachable { .. }) => {
                "check the network and the server's address, then run it again"
            }
            _ if matches!(self, Self::Length { .. } | Self::Lost { .. }) => {
                "do not trust this server with backups before that is explained"
            }
            _ => return None,
        };
        Some(advice)
    }

    /// A refusal by its XML, of which only these elements are shown: others may hold the key's name
    /// and more.
    pub fn refused(server: String, action: &'static str, status: u16, xml: &[u8]) -> Self {
        let xml = String::from_utf8_lossy(xml);
        let shown = |name| {
            let text = text_of(&xml, name).map(|text| shortened(&text));
            text.filter(|text| !text.is_empty())
        };
        Self::Refused {
            server,
            action,
            status,
            code: shown("Code").unwrap_or_else(|| format!("status {status}")),
            message: shown("Message").unwrap_or_default(),
        }
    }

    /// What became of a request that was not answered, or not within its bounds.
    pub(super) fn from_http(server: &str, action: &'static str, error: &HttpError) -> Self {
        let server = server.to_owned();
        let finding = shortened(&error.to_string());
        match error.is_passing() {
            true => Self::Unreachable { server, finding },
            false => Self::Unreadable {
                server,
                action,
                finding,
            },
        }
    }

    pub(super) fn from_file(action: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::File {
            action,
            path: path.display().to_string(),
            finding: error.to_string(),
        }
    }

    /// `named` gives S3's name for an error that rusoto has a type for.
    pub(super) fn from_rusoto<E: Error + 'static>(
        server: &str,
        action: &'static str,
        error: RusotoError<E>,
        named: impl FnOnce(&E) -> (u16, &'static str),
    ) -> Self {
        let server = server.to_owned();
        match error {
            RusotoError::Service(error) => {
                let (status, code) = named(&error);
                Self::Refused {
                    server,
                    action,
                    status,
                    code: code.to_owned(),
                    message: shortened(&error.to_string()),
                }
            }
            RusotoError::HttpDispatch(error) => Self::Unreachable {
                server,
                finding: shortened(&error.to_string()),
            },
            RusotoError::Unknown(answer) => {
                Self::refused(server, action, answer.status.as_u16(), &answer.body)
            }
            RusotoError::Validation(finding) | RusotoError::ParseError(finding) => {
                Self::Unreadable {
                    server,
                    action,
                    finding: shortened(&finding),
                }
            }
            // the key pair stands in the settings, and nothing blocks here
            RusotoError::Credentials(_) | RusotoError::Blocking => Self::Unreadable {
                server,
                action,
                finding: "the request was not sent".to_owned(),
            },
        }
    }
}

fn told(message: &str) -> String {
    match message.is_empty() {
        true => String::new(),
        false => format!(" ({message})"),
    }
}

/// On one line, and short.
pub(super) fn shortened(text: &str) -> String {
    one_line(text, LONGEST)
}
