//! What can go wrong with a bucket, and what the operator can do about it. Texts hold no
//! credentials and no signed addresses.

use std::error::Error;

use rusoto_core::RusotoError;
use rusoto_core::request::BufferedHttpResponse;

/// Longest text of a server that is kept.
const LONGEST: usize = 200;

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
}

impl ObjectsError {
    /// Whether trying again later, without any change on this side, may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, code, .. } => {
                *status >= 500 && *status != 501
                    || matches!(status, 408 | 425 | 429)
                    || matches!(code.as_str(), "OperationAborted" | "RequestTimeout")
            }
            Self::Unreadable { .. } | Self::Validity { .. } | Self::BadKey => false,
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
            Some("InvalidAccessKeyId") => "check AWS_ACCESS_KEY_ID: this server does not know it",
            Some("SignatureDoesNotMatch") => {
                "check AWS_SECRET_ACCESS_KEY: it does not belong to AWS_ACCESS_KEY_ID"
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
            ) => "check AWS_DEFAULT_REGION, and AWS_ENDPOINT_URL if it is set",
            Some("TooManyBuckets") => "delete a bucket, or have Amazon raise the limit",
            Some("NotImplemented") => "this server lacks a part of S3 that is needed; take another",
            _ if matches!(self, Self::Unreachable { .. }) => {
                "check the network and AWS_ENDPOINT_URL, then run it again"
            }
            _ => return None,
        };
        Some(advice)
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
            RusotoError::Unknown(answer) => Self::Refused {
                server,
                action,
                status: answer.status.as_u16(),
                code: element(&answer, "Code")
                    .unwrap_or_else(|| format!("status {}", answer.status.as_u16())),
                message: element(&answer, "Message").unwrap_or_default(),
            },
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

/// The text of an element of an error's XML. Other elements may hold the key's name and more.
fn element(answer: &BufferedHttpResponse, name: &str) -> Option<String> {
    let text = std::str::from_utf8(&answer.body).ok()?;
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (inner, _) = rest.split_once("</")?;
    let inner = shortened(inner);
    (!inner.is_empty()).then_some(inner)
}

fn told(message: &str) -> String {
    match message.is_empty() {
        true => String::new(),
        false => format!(" ({message})"),
    }
}

/// On one line, and short.
fn shortened(text: &str) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    text.trim().chars().map(shown).take(LONGEST).collect()
}
