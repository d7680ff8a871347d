//! What the facilitator and a validator say to each other (spec: organic jobs).
//! Strict where the facilitator speaks: unknown fields are refused. Volumes and uploads inside of
//! a request are read as everywhere, without what is unknown in them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ExecutorClass, Malformed, OutputUpload, Volume, message_type};
use crate::keys::Keypair;

/// What the facilitator says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromFacilitator {
    Response(Response),
    JobV0(JobRequestV0),
    JobV1(JobRequestV1),
}

/// How it liked the last message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    pub status: ResponseStatus,
    #[serde(default)]
    pub errors: Vec<ResponseError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseStatus {
    Success,
    Error,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseError {
    pub msg: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub help: String,
    /// Kept as it came.
    #[serde(flatten)]
    pub more: BTreeMap<String, serde_json::Value>,
}

/// The one kind of request there is; absent, it is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestType {
    #[default]
    #[serde(rename = "job.new")]
    JobNew,
}

/// A job whose input and output are zips at addresses, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobRequestV0 {
    #[serde(rename = "type", default)]
    pub kind: RequestType,
    message_type: String,
    pub uuid: String,
    pub miner_hotkey: String,
    #[serde(default = "default_class")]
    pub executor_class: ExecutorClass,
    pub docker_image: String,
    pub raw_script: String,
    pub args: Vec<String>,
    pub env: BTreeMap<String, String>,
    pub use_gpu: bool,
    pub input_url: String,
    pub output_url: String,
}

/// A job that names its volume and upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobRequestV1 {
    #[serde(rename = "type", default)]
    pub kind: RequestType,
    message_type: String,
    pub uuid: String,
    pub miner_hotkey: String,
    #[serde(default = "default_class")]
    pub executor_class: ExecutorClass,
    pub docker_image: String,
    pub raw_script: String,
    pub args: Vec<String>,
    pub env: BTreeMap<String, String>,
    pub use_gpu: bool,
    pub volume: Option<Volume>,
    pub output_upload: Option<OutputUpload>,
}

fn default_class() -> ExecutorClass {
    ExecutorClass::DEFAULT
}

impl JobRequestV0 {
    /// A job of the default class without arguments, input and output.
    pub fn new(uuid: String, miner_hotkey: String, docker_image: String) -> Self {
        Self {
            kind: RequestType::JobNew,
            message_type: "V0JobRequest".to_owned(),
            uuid,
            miner_hotkey,
            executor_class: default_class(),
            docker_image,
            raw_script: String::new(),
            args: Vec::new(),
            env: BTreeMap::new(),
            use_gpu: false,
            input_url: String::new(),
            output_url: String::new(),
        }
    }
}

impl JobRequestV1 {
    /// A job of the default class without arguments, input and output.
    pub fn new(uuid: String, miner_hotkey: String, docker_image: String) -> Self {
        Self {
            kind: RequestType::JobNew,
            message_type: "V1JobRequest".to_owned(),
            uuid,
            miner_hotkey,
            executor_class: default_class(),
            docker_image,
            raw_script: String::new(),
            args: Vec::new(),
            env: BTreeMap::new(),
            use_gpu: false,
            volume: None,
            output_upload: None,
        }
    }
}

impl FromFacilitator {
    /// # Errors
    /// When `text` is nothing that a facilitator may say.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if let Ok(response) = serde_json::from_str(text) {
            return Ok(Self::Response(response));
        }
        let has_work = |image: &str, script: &str| match image.is_empty() && script.is_empty() {
            true => Err(Malformed::because("neither docker_image nor raw_script")),
            false => Ok(()),
        };
        match message_type(text)?.as_ref() {
            "V0JobRequest" => {
                let job: JobRequestV0 = serde_json::from_str(text)?;
                has_work(&job.docker_image, &job.raw_script)?;
                Ok(Self::JobV0(job))
            }
            "V1JobRequest" => {
                let job: JobRequestV1 = serde_json::from_str(text)?;
                has_work(&job.docker_image, &job.raw_script)?;
                Ok(Self::JobV1(job))
            }
            _ => Err(Malformed::unknown_type()),
        }
    }

    pub fn to_json(&self) -> String {
        let json = match self {
            Self::Response(response) => serde_json::to_string(response),
            Self::JobV0(job) => serde_json::to_string(job),
            Self::JobV1(job) => serde_json::to_string(job),
        };
        json.expect("texts, switches and objects of them are JSON")
    }
}

/// What a validator says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "message_type")]
pub enum ToFacilitator {
    #[serde(rename = "V0AuthenticationRequest")]
    Authentication(Authentication),
    #[serde(rename = "V0Heartbeat")]
    Heartbeat {},
    #[serde(rename = "V0JobStatusUpdate")]
    JobStatus(JobStatusUpdate),
    #[serde(rename = "V0MachineSpecsUpdate")]
    MachineSpecs(MachineSpecsUpdate),
}

/// Who calls: proven by a signature of one's own public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// Hexadecimal, without `0x`.
    pub public_key: String,
    pub signature: String,
}

impl Authentication {
    pub fn of(keypair: &Keypair) -> Self {
        let hotkey = keypair.hotkey();
        Self {
            public_key: hex::encode(hotkey.public()),
            signature: keypair.sign(hotkey.public()).to_string(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobStatusUpdate {
    pub uuid: String,
    pub status: JobStatus,
    pub metadata: Option<JobStatusMetadata>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    Accepted,
    Rejected,
    Failed,
    Completed,
}

impl JobStatus {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Completed => "completed",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobStatusMetadata {
    pub comment: String,
    pub miner_response: Option<MinerResponse>,
}

/// What the miner said; empty texts where it said nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinerResponse {
    pub job_uuid: String,
    /// `None`: no message of the miner was the cause.
    pub message_type: Option<String>,
    pub docker_process_stderr: String,
    pub docker_process_stdout: String,
}

/// The hardware of an executor that did well in a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MachineSpecsUpdate {
    pub miner_hotkey: String,
    pub validator_hotkey: String,
    /// A JSON object, free form.
    pub specs: serde_json::Value,
    pub batch_id: String,
}

impl ToFacilitator {
    /// # Errors
    /// When `text` is nothing that a validator may say.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        Ok(serde_json::from_str(text)?)
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and an object are JSON")
    }
}
