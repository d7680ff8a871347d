//! What a validator says to a miner (spec: miner protocol, messages to the miner).

use serde::{Deserialize, Serialize};

use super::receipt::{FinishedReceipt, StartedReceipt};
use super::{
    AuthenticationPayload, ExecutorClass, MachineSpecs, Malformed, OutputUpload, Volume, VolumeType,
};
use crate::keys::Signature;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "message_type")]
pub enum ToMiner {
    #[serde(rename = "V0AuthenticateRequest")]
    Authenticate {
        payload: AuthenticationPayload,
        signature: String,
    },
    #[serde(rename = "V0InitialJobRequest")]
    InitialJob(InitialJob),
    #[serde(rename = "V0JobRequest")]
    Job(Job),
    #[serde(rename = "V0JobStartedReceiptRequest")]
    StartedReceipt {
        payload: StartedReceipt,
        signature: String,
    },
    #[serde(rename = "V0JobFinishedReceiptRequest")]
    FinishedReceipt {
        payload: FinishedReceipt,
        signature: String,
    },
    #[serde(rename = "V0MachineSpecsRequest")]
    MachineSpecs(MachineSpecs),
    GenericError {
        details: Option<String>,
    },
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
        Ok(serde_json::from_str(text)?)
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts, integers and lists of them are JSON")
    }

    /// The name on the wire.
    pub const fn message_type(&self) -> &'static str {
        match self {
            Self::Authenticate { .. } => "V0AuthenticateRequest",
            Self::InitialJob(_) => "V0InitialJobRequest",
            Self::Job(_) => "V0JobRequest",
            Self::StartedReceipt { .. } => "V0JobStartedReceiptRequest",
            Self::FinishedReceipt { .. } => "V0JobFinishedReceiptRequest",
            Self::MachineSpecs(_) => "V0MachineSpecsRequest",
            Self::GenericError { .. } => "GenericError",
        }
    }

    pub fn authenticate(payload: AuthenticationPayload, signature: Signature) -> Self {
        Self::Authenticate {
            payload,
            signature: signature.to_string(),
        }
    }

    pub fn started_receipt(payload: StartedReceipt, signature: Signature) -> Self {
        Self::StartedReceipt {
            payload,
            signature: signature.to_string(),
        }
    }

    pub fn finished_receipt(payload: FinishedReceipt, signature: Signature) -> Self {
        Self::FinishedReceipt {
            payload,
            signature: signature.to_string(),
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
