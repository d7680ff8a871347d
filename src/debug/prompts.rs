//! Prompts of the operator's own, answered by one miner as in a batch: through the buckets.

use std::collections::HashMap;

use uuid::Uuid;

use super::run_order;
use crate::llmjob::LlmJob;
use crate::miner::{MinerAddress, Moment, Tap};
use crate::organic::{Ended, Order, Step};
use crate::pass::Failure;
use crate::prompts::{Buckets, PromptsError, fetch, upload};
use crate::settings::{Environment, SettingsError};

/// What came of it.
#[derive(Debug)]
pub struct PromptsEnd {
    pub order: Order,
    pub ended: Ended,
    /// The miner's answers to these prompts, or why there are none.
    pub answers: Result<HashMap<String, String>, String>,
}

/// Uploads the prompts, has the miner answer them with this seed, and downloads its answers.
///
/// # Errors
/// There is no hotkey, there are no buckets, or the prompts cannot be uploaded. Whatever goes
/// wrong with the miner is in the end.
pub async fn run_prompts(
    environment: &Environment,
    prompts: &[String],
    seed: u32,
    address: MinerAddress,
    tap: Tap,
    report: impl FnMut(Option<Step>, Moment),
) -> Result<PromptsEnd, Failure> {
    let Some(buckets) = Buckets::from_settings(environment)? else {
        return Err(SettingsError::Missing {
            name: "S3_BUCKET_NAME_ANSWERS",
            meaning: "where prompts and answers are put",
            example: "myanswers",
        }
        .into());
    };
    let client = fetch::client();
    let input = buckets.answers(&Uuid::new_v4().to_string());
    let text = prompts.join("\n");
    upload(&client, &input, text)
        .await
        .map_err(|error| PromptsError::NotUploaded {
            failed: 1,
            begun: 1,
            first: error.to_string(),
        })?;
    let file = Uuid::new_v4().to_string();
    let output = buckets.answers(&LlmJob::answers_key(&file));
    let job = LlmJob {
        file,
        seed,
        input_url: input.public_url,
        upload_url: output.upload_url,
    };
    let order = Order {
        uuid: Uuid::new_v4().to_string(),
        miner_hotkey: address.hotkey.clone(),
        executor_class: LlmJob::CLASS,
        docker_image: Some(LlmJob::IMAGE.to_owned()),
        raw_script: None,
        args: job.arguments(),
        use_gpu: true,
        volume: Some(job.volume()),
        is_volume_early: true,
        output_upload: Some(job.output_upload()),
    };
    let ended = run_order(environment, &order, address, LlmJob::TIMEOUT, tap, report).await?;
    let answers = match ended.verdict.is_completed() {
        true => fetch::answers(&client, &output.public_url, prompts.iter().cloned())
            .await
            .map_err(|error| format!("its answers cannot be read: {error}")),
        false => Err(ended.comment.clone()),
    };
    Ok(PromptsEnd {
        order,
        ended,
        answers,
    })
}
