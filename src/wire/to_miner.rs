//! What a validator says to a miner (spec: miner protocol, messages to the miner).

use serde::{Deserialize, Serialize};

use super::receipt::{FinishedReceipt, StartedReceipt};
use super::{
    AuthenticationPayload, ExecutorClass, GenericError, MachineSpecs, Malformed, OutputUpload,
    Volume, VolumeType, message_type,
};
use crate::keys::Signature;

#[derive(Debug, Clone, Serialize)]
#[serde(tag = "message_type")]
pub enum ToMiner {
    #[serde(rename = "V0AuthenticateRequest")]
    Authenticate(Signed<AuthenticationPayload>),
    #[serde(rename = "V0InitialJobRequest")]
    InitialJob(InitialJob),
    #[serde(rename = "V0JobRequest")]
    Job(Job),
    #[serde(rename = "V0JobStartedReceiptRequest")]
    StartedReceipt(Signed<StartedReceipt>),
    #[serde(rename = "V0JobFinishedReceiptRequest")]
    FinishedReceipt(Signed<FinishedReceipt>),
    #[serde(rename = "V0MachineSpecsRequest")]
    MachineSpecs(MachineSpecs),
    GenericError(GenericError),
}

/// The signature is a text here: whether it is one at all, and of whom, is for the reader to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed<T> {
    pub payload: T,
    pub signature: String,
}

impl<T> Signed<T> {
    pub fn new(payload: T, signature: Signature) -> Self {
        Self {
            payload,
            signature: signature.to_string(),
        }
    }
}

/// Asks the miner to start an executor. At most one of `volume` and `volume_type` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedInitialJob")]
pub struct InitialJob {
    pub job_uuid: String,
    pub executor_class: Option<ExecutorClass>,
    pub base_docker_image_name: Option<String>,
    pub timeout_seconds: Option<i64>,
    pub volume: Option<Volume>,
    pub volume_type: Option<VolumeType>,
}

/// Tells a ready executor what to do. At least one of image and script is not empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedJob")]
pub struct Job {
    pub job_uuid: String,
    pub executor_class: Option<ExecutorClass>,
    pub docker_image_name: Option<String>,
    pub raw_script: Option<String>,
    /// `nvidia_all` or `none`.
    pub docker_run_options_preset: String,
    pub docker_run_cmd: Vec<String>,
    pub volume: Option<Volume>,
    pub output_upload: Option<OutputUpload>,
}

impl ToMiner {
    /// # Errors
    /// When `text` is not a message that a miner understands.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        Ok(match message_type(text)?.as_ref() {
            "V0AuthenticateRequest" => Self::Authenticate(serde_json::from_str(text)?),
            "V0InitialJobRequest" => Self::InitialJob(serde_json::from_str(text)?),
            "V0JobRequest" => Self::Job(serde_json::from_str(text)?),
            "V0JobStartedReceiptRequest" => Self::StartedReceipt(serde_json::from_str(text)?),
            "V0JobFinishedReceiptRequest" => Self::FinishedReceipt(serde_json::from_str(text)?),
            "V0MachineSpecsRequest" => Self::MachineSpecs(serde_json::from_str(text)?),
            "GenericError" => Self::GenericError(serde_json::from_str(text)?),
            _ => return Err(Malformed::unknown_type()),
        })
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts, integers and lists of them are JSON")
    }

    /// The name on the wire.
    pub const fn message_type(&self) -> &'static str {
        match self {
            Self::Authenticate(_) => "V0AuthenticateRequest",
            Self::InitialJob(_) => "V0InitialJobRequest",
            Self::Job(_) => "V0JobRequest",
            Self::StartedReceipt(_) => "V0JobStartedReceiptRequest",
            Self::FinishedReceipt(_) => "V0JobFinishedReceiptRequest",
            Self::MachineSpecs(_) => "V0MachineSpecsRequest",
            Self::GenericError(_) => "GenericError",
        }
    }
}

#[derive(Deserialize)]
struct UncheckedInitialJob {
    job_uuid: String,
    executor_class: Option<ExecutorClass>,
    base_docker_image_name: Option<String>,
    timeout_seconds: Option<i64>,
    volume: Option<Volume>,
    volume_type: Option<VolumeType>,
}

impl TryFrom<UncheckedInitialJob> for InitialJob {
    type Error = &'static str;

    fn try_from(job: UncheckedInitialJob) -> Result<Self, Self::Error> {
        if job.volume.is_some() && job.volume_type.is_some() {
            return Err("either volume or volume_type, but not both");
        }
        Ok(Self {
            job_uuid: job.job_uuid,
            executor_class: job.executor_class,
            base_docker_image_name: job.base_docker_image_name,
            timeout_seconds: job.timeout_seconds,
            volume: job.volume,
            volume_type: job.volume_type,
        })
    }
}

#[derive(Deserialize)]
struct UncheckedJob {
    job_uuid: String,
    executor_class: Option<ExecutorClass>,
    docker_image_name: Option<String>,
    raw_script: Option<String>,
    docker_run_options_preset: String,
    docker_run_cmd: Vec<String>,
    volume: Option<Volume>,
    output_upload: Option<OutputUpload>,
}

impl TryFrom<UncheckedJob> for Job {
    type Error = &'static str;

    fn try_from(job: UncheckedJob) -> Result<Self, Self::Error> {
        let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        if !given(&job.docker_image_name) && !given(&job.raw_script) {
            return Err("at least one of docker_image_name and raw_script");
        }
        Ok(Self {
            job_uuid: job.job_uuid,
            executor_class: job.executor_class,
            docker_image_name: job.docker_image_name,
            raw_script: job.raw_script,
            docker_run_options_preset: job.docker_run_options_preset,
            docker_run_cmd: job.docker_run_cmd,
            volume: job.volume,
            output_upload: job.output_upload,
        })
    }
}
