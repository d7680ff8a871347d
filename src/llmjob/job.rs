//! The two jobs that have to do with prompts, as messages need them.

use std::time::Duration;

use crate::wire::upload::{FilePut, FileUpload};
use crate::wire::volume::{RemoteFile, SingleVolume};
use crate::wire::{ExecutorClass, OutputUpload, Volume};

/// Answers every prompt of a file: a miner's test, and how the trusted miner makes known answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LlmJob {
    /// Names the files. Never a job's uuid or one that was used before: whoever could guess it
    /// could read the answers of another miner in the public bucket.
    pub file: String,
    pub seed: u32,
    /// Where the prompts are, one a line.
    pub input_url: String,
    /// Where the answers are to be put; whoever knows it can put them.
    pub upload_url: String,
}

impl LlmJob {
    pub const IMAGE: &str = "docker.io/backenddevelopersltd/compute-horde-prompt-solver:v0-latest";
    pub const CLASS: ExecutorClass = ExecutorClass::AlwaysOnLlmA6000;
    pub const TIMEOUT: Duration = Duration::from_secs(56);

    /// The key of the answers in their bucket.
    pub fn answers_key(file: &str) -> String {
        format!("solved/{file}.json")
    }

    pub fn arguments(&self) -> Vec<String> {
        let fixed = ["--temperature=0.5", "--top-p=0.8", "--max-tokens=256"];
        let of_this = ["--seed".to_owned(), self.seed.to_string()];
        let path = format!("/volume/{}.txt", self.file);
        let fixed = fixed.into_iter().map(str::to_owned);
        fixed.chain(of_this).chain([path]).collect()
    }

    pub fn volume(&self) -> Volume {
        Volume::MultiVolume {
            volumes: vec![SingleVolume::SingleFile(RemoteFile {
                url: self.input_url.clone(),
                relative_path: format!("{}.txt", self.file),
            })],
        }
    }

    pub fn output_upload(&self) -> OutputUpload {
        put([(self.upload_url.clone(), format!("{}.json", self.file))])
    }
}

/// Makes series of prompts, each in a file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    pub model: String,
    pub prompts_in_series: u32,
    /// Uuid of each series, and where it is to be put.
    pub series: Vec<(String, String)>,
}

impl Generation {
    pub const CLASS: ExecutorClass = ExecutorClass::AlwaysOnLlmA6000;
    pub const TIMEOUT: Duration = Duration::from_secs(300);
    /// What is kept with each series, to tell it from those of later generators.
    pub const VERSION: u32 = 0;

    pub fn image(&self) -> String {
        let model = &self.model;
        format!("backenddevelopersltd/compute-horde-prompt-gen-{model}:v0-latest")
    }

    pub fn arguments(&self) -> Vec<String> {
        let uuids: Vec<&str> = self.series.iter().map(|(uuid, _)| uuid.as_str()).collect();
        [
            "--quantize",
            "--model_name",
            &self.model,
            "--batch_size=250",
            "--num_return_sequences=1",
            "--max_new_tokens=40",
            "--number_of_prompts_per_batch",
            &self.prompts_in_series.to_string(),
            "--uuids",
            &uuids.join(","),
        ]
        .map(str::to_owned)
        .to_vec()
    }

    pub fn output_upload(&self) -> OutputUpload {
        let file = |(uuid, url): &(String, String)| (url.clone(), format!("prompts_{uuid}.txt"));
        put(self.series.iter().map(file))
    }
}

fn put(files: impl IntoIterator<Item = (String, String)>) -> OutputUpload {
    let one = |(url, relative_path)| {
        FileUpload::SingleFilePut(FilePut {
            url,
            relative_path,
            signed_headers: None,
        })
    };
    OutputUpload::MultiUpload {
        uploads: files.into_iter().map(one).collect(),
        system_output: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_llm_job_is_as_the_solver_wants_it() {
        let job = LlmJob {
            file: "abc".to_owned(),
            seed: 4_294_967_295,
            input_url: "http://s3/prompts/series".to_owned(),
            upload_url: "http://s3/answers/solved/abc.json?signed".to_owned(),
        };
        assert_eq!(
            job.arguments().join(" "),
            "--temperature=0.5 --top-p=0.8 --max-tokens=256 --seed 4294967295 /volume/abc.txt"
        );
        assert_eq!(
            json!(job.volume()),
            json!({"volume_type": "multi_volume", "volumes": [{
                "volume_type": "single_file",
                "url": "http://s3/prompts/series",
                "relative_path": "abc.txt",
            }]})
        );
        let upload = json!(job.output_upload());
        assert_eq!(upload["output_upload_type"], "multi_upload");
        assert_eq!(
            upload["uploads"][0]["output_upload_type"],
            "single_file_put"
        );
        assert_eq!(upload["uploads"][0]["relative_path"], "abc.json");
        assert_eq!(LlmJob::answers_key(&job.file), "solved/abc.json");
    }

    #[test]
    fn a_generation_names_each_series_once() {
        let generation = Generation {
            model: "phi3".to_owned(),
            prompts_in_series: 240,
            series: vec![
                ("a".to_owned(), "http://s3/a".to_owned()),
                ("b".to_owned(), "http://s3/b".to_owned()),
            ],
        };
        assert_eq!(
            generation.image(),
            "backenddevelopersltd/compute-horde-prompt-gen-phi3:v0-latest"
        );
        assert_eq!(
            generation.arguments().join(" "),
            "--quantize --model_name phi3 --batch_size=250 --num_return_sequences=1 \
             --max_new_tokens=40 --number_of_prompts_per_batch 240 --uuids a,b"
        );
        let upload = json!(generation.output_upload());
        assert_eq!(upload["uploads"][1]["relative_path"], "prompts_b.txt");
        assert_eq!(upload["uploads"][1]["url"], "http://s3/b");
    }
}
