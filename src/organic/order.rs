//! What somebody wants done on a miner, whoever asked for it.

use crate::wire::facilitator::{JobRequestV0, JobRequestV1};
use crate::wire::to_miner::{InitialJob, Job};
use crate::wire::upload::ZipPut;
use crate::wire::volume::Packed;
use crate::wire::{ExecutorClass, OutputUpload, ToMiner, Volume};

/// One job. At least one of image and script is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub uuid: String,
    pub miner_hotkey: String,
    pub executor_class: ExecutorClass,
    pub docker_image: Option<String>,
    pub raw_script: Option<String>,
    pub args: Vec<String>,
    pub use_gpu: bool,
    pub volume: Option<Volume>,
    /// The volume goes with the request for an executor instead of with the job.
    pub is_volume_early: bool,
    pub output_upload: Option<OutputUpload>,
}

impl Order {
    /// For an operator: without addresses and arguments, which may hold credentials.
    pub fn description(&self) -> String {
        let what = match (&self.docker_image, &self.raw_script) {
            (Some(image), _) => image.as_str(),
            (None, Some(_)) => "a script",
            (None, None) => "nothing",
        };
        let gpu = if self.use_gpu { ", with GPU" } else { "" };
        format!("{}{gpu}", what.chars().take(200).collect::<String>())
    }

    pub(super) fn initial_request(&self, timeout_s: i64) -> String {
        let request = InitialJob {
            job_uuid: self.uuid.clone(),
            executor_class: Some(self.executor_class),
            base_docker_image_name: self.docker_image.clone(),
            timeout_seconds: Some(timeout_s),
            volume: self.volume.clone().filter(|_| self.is_volume_early),
            volume_type: self
                .volume
                .as_ref()
                .filter(|_| !self.is_volume_early)
                .map(Volume::volume_type),
        };
        ToMiner::InitialJob(request).to_json()
    }

    pub(super) fn job_request(&self) -> String {
        let preset = if self.use_gpu { "nvidia_all" } else { "none" };
        let request = Job {
            job_uuid: self.uuid.clone(),
            executor_class: Some(self.executor_class),
            docker_image_name: self.docker_image.clone(),
            raw_script: self.raw_script.clone(),
            docker_run_options_preset: preset.to_owned(),
            docker_run_cmd: self.args.clone(),
            volume: self.volume.clone().filter(|_| !self.is_volume_early),
            output_upload: self.output_upload.clone(),
        };
        ToMiner::Job(request).to_json()
    }
}

/// A zip at this address, or an empty one: every job of this kind has a volume.
pub fn input_volume(url: String) -> Volume {
    match url.is_empty() {
        true => Volume::inline(Volume::EMPTY_ZIP.to_owned()),
        false => Volume::ZipUrl(Packed {
            contents: url,
            relative_path: None,
        }),
    }
}

/// All output as a zip to this address, if there is one.
pub fn output_upload(url: String) -> Option<OutputUpload> {
    (!url.is_empty()).then_some(OutputUpload::ZipAndHttpPut(ZipPut { url }))
}

fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

impl From<JobRequestV0> for Order {
    fn from(request: JobRequestV0) -> Self {
        Self {
            uuid: request.uuid,
            miner_hotkey: request.miner_hotkey,
            executor_class: request.executor_class,
            docker_image: given(request.docker_image),
            raw_script: given(request.raw_script),
            args: request.args,
            use_gpu: request.use_gpu,
            volume: Some(input_volume(request.input_url)),
            is_volume_early: false,
            output_upload: output_upload(request.output_url),
        }
    }
}

impl From<JobRequestV1> for Order {
    fn from(request: JobRequestV1) -> Self {
        Self {
            uuid: request.uuid,
            miner_hotkey: request.miner_hotkey,
            executor_class: request.executor_class,
            docker_image: given(request.docker_image),
            raw_script: given(request.raw_script),
            args: request.args,
            use_gpu: request.use_gpu,
            volume: request.volume,
            is_volume_early: false,
            output_upload: request.output_upload,
        }
    }
}
