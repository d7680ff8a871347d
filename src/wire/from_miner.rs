//! What a miner says to a validator (spec: miner protocol, messages from the miner).
//! Hostile text: the caller limits its length; reading it takes memory for what is kept only,
//! since the type is looked up first and unknown entries are skipped, not collected.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};

use super::{ExecutorClass, GenericError, MachineSpecs, Malformed, message_type};

#[derive(Debug, Clone, Serialize)]
#[serde(tag = "message_type")]
pub enum FromMiner {
    #[serde(rename = "V0AcceptJobRequest")]
    AcceptJob(JobUuid),
    #[serde(rename = "V0DeclineJobRequest")]
    DeclineJob(JobUuid),
    #[serde(rename = "V0ExecutorReadyRequest")]
    ExecutorReady(JobUuid),
    #[serde(rename = "V0ExecutorFailedRequest")]
    ExecutorFailed(JobUuid),
    #[serde(rename = "V0JobFinishedRequest")]
    JobFinished(JobFinished),
    #[serde(rename = "V0JobFailedRequest")]
    JobFailed(JobFailed),
    #[serde(rename = "V0MachineSpecsRequest")]
    MachineSpecs(MachineSpecs),
    #[serde(rename = "V0ExecutorManifestRequest")]
    Manifest(ManifestRequest),
    GenericError(GenericError),
    #[serde(rename = "UnauthorizedError")]
    Unauthorized(Unauthorized),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobUuid {
    /// Any text: it is compared with our own uuids and with nothing else.
    pub job_uuid: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFinished {
    pub job_uuid: String,
    pub docker_process_stdout: String,
    pub docker_process_stderr: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFailed {
    pub job_uuid: String,
    pub docker_process_exit_status: Option<i64>,
    pub docker_process_stdout: String,
    pub docker_process_stderr: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestRequest {
    pub manifest: Manifest,
}

/// What a miner claims to have; nothing of it has been checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub executor_classes: Vec<ManifestEntry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestEntry {
    pub executor_class: ClaimedClass,
    pub count: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ClaimedClass {
    Named(ExecutorClass),
    /// An old way to name a class: 0 is the default class, nothing else is known.
    Numbered(i64),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unauthorized {
    pub code: UnauthorizedCode,
    pub details: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UnauthorizedCode {
    TokenTooOld,
    UnknownValidator,
    ValidatorInactive,
}

impl<'de> Deserialize<'de> for ClaimedClass {
    /// By hand, since the error has to name the class: an operator is told which one it was.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrNumber;

        impl Visitor<'_> for NameOrNumber {
            type Value = ClaimedClass;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an executor class")
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<ClaimedClass, E> {
                Ok(ClaimedClass::Numbered(number))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<ClaimedClass, E> {
                i64::try_from(number)
                    .map(ClaimedClass::Numbered)
                    .map_err(E::custom)
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<ClaimedClass, E> {
                name.parse().map(ClaimedClass::Named).map_err(|error| {
                    let name = &name[..name.floor_char_boundary(64)];
                    E::custom(format_args!("{error} `{}`", name.escape_debug()))
                })
            }
        }

        deserializer.deserialize_any(NameOrNumber)
    }
}

impl UnauthorizedCode {
    pub const fn name(self) -> &'static str {
        match self {
            Self::TokenTooOld => "TOKEN_TOO_OLD",
            Self::UnknownValidator => "UNKNOWN_VALIDATOR",
            Self::ValidatorInactive => "VALIDATOR_INACTIVE",
        }
    }
}

impl FromMiner {
    /// # Errors
    /// When `text` is not a message that a miner may send.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        Ok(match message_type(text)?.as_ref() {
            "V0AcceptJobRequest" => Self::AcceptJob(serde_json::from_str(text)?),
            "V0DeclineJobRequest" => Self::DeclineJob(serde_json::from_str(text)?),
            "V0ExecutorReadyRequest" => Self::ExecutorReady(serde_json::from_str(text)?),
            "V0ExecutorFailedRequest" => Self::ExecutorFailed(serde_json::from_str(text)?),
            "V0JobFinishedRequest" => Self::JobFinished(serde_json::from_str(text)?),
            "V0JobFailedRequest" => Self::JobFailed(serde_json::from_str(text)?),
            "V0MachineSpecsRequest" => Self::MachineSpecs(serde_json::from_str(text)?),
            "V0ExecutorManifestRequest" => {
                Self::Manifest(serde_json::from_str(text).map_err(Malformed::manifest)?)
            }
            "GenericError" => Self::GenericError(serde_json::from_str(text)?),
            "UnauthorizedError" => Self::Unauthorized(serde_json::from_str(text)?),
            _ => return Err(Malformed::unknown_type()),
        })
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts, integers and lists of them are JSON")
    }

    /// The name on the wire.
    pub const fn message_type(&self) -> &'static str {
        match self {
            Self::AcceptJob(_) => "V0AcceptJobRequest",
            Self::DeclineJob(_) => "V0DeclineJobRequest",
            Self::ExecutorReady(_) => "V0ExecutorReadyRequest",
            Self::ExecutorFailed(_) => "V0ExecutorFailedRequest",
            Self::JobFinished(_) => "V0JobFinishedRequest",
            Self::JobFailed(_) => "V0JobFailedRequest",
            Self::MachineSpecs(_) => "V0MachineSpecsRequest",
            Self::Manifest(_) => "V0ExecutorManifestRequest",
            Self::GenericError(_) => "GenericError",
            Self::Unauthorized(_) => "UnauthorizedError",
        }
    }

    /// The miner will not talk to this validator: close, and do not come back.
    pub fn is_unauthorized(&self) -> bool {
        match self {
            Self::Unauthorized(_) => true,
            Self::GenericError(GenericError {
                details: Some(details),
            }) => {
                let begins = |with: &str| {
                    details
                        .get(..with.len())
                        .is_some_and(|start| start.eq_ignore_ascii_case(with))
                };
                begins("unknown validator") || begins("inactive validator")
            }
            _ => false,
        }
    }
}
