//! LLM jobs of a batch: where their prompt samples come from, and how their answers are judged.

use uuid::Uuid;

use super::patience::Patience;
use crate::http::{self, Client};
use crate::llmjob::{self, Compared, LlmJob};
use crate::prompts::{Place, fetch};
use crate::scoring::job::JobOutcome;
use crate::store::{PromptSample, StoreError, TakenSamples};
use crate::wire::event::EventSubtype;

/// What a batch needs to test LLM executors.
pub struct PromptSupply<'a> {
    /// Takes that many samples for this batch and for no other, or none if there are too few.
    pub take: Box<dyn FnMut(u32) -> Result<TakenSamples, StoreError> + 'a>,
    /// The place of a key in the answers bucket.
    pub place: Box<dyn Fn(&str) -> Place + 'a>,
}

/// A job that waits for its executor.
#[derive(Debug, Clone)]
pub(super) struct LlmTask {
    pub(super) job: LlmJob,
    pub(super) test: LlmTest,
}

/// What a job's answers are compared with, and what came of it.
#[derive(Debug, Clone)]
pub(super) struct LlmTest {
    pub(super) sample: PromptSample,
    public_url: String,
    pub(super) compared: Vec<Compared>,
    /// Why the answers are not right, as far as is known.
    pub(super) finding: Option<String>,
    /// Why the answers could not be read, if they could not.
    pub(super) unread: Option<String>,
}

impl PromptSupply<'_> {
    /// The task for a sample.
    pub(super) fn task(&self, sample: PromptSample) -> LlmTask {
        let file = Uuid::new_v4().to_string();
        let place = (self.place)(&LlmJob::answers_key(&file));
        LlmTask {
            job: LlmJob {
                file,
                seed: sample.seed,
                input_url: sample.series_url.clone(),
                upload_url: place.upload_url,
            },
            test: LlmTest {
                sample,
                public_url: place.public_url,
                compared: Vec::new(),
                finding: Some("its answers were not looked at".to_owned()),
                unread: None,
            },
        }
    }
}

impl LlmTest {
    /// Downloads the answers and compares them.
    pub(super) async fn look(&mut self, client: &Client, patience: &Patience) {
        let prompts = self.sample.known.iter().map(|known| known.prompt.clone());
        let download = fetch::answers(client, &self.public_url, prompts);
        let unread = match patience.unless_over(download).await {
            Some(Ok(found)) => {
                self.compared = llmjob::compare(&self.sample.known, &found);
                self.finding = llmjob::finding(&self.compared);
                return;
            }
            Some(Err(error)) => error.to_string(),
            None => "the batch ended before".to_owned(),
        };
        let unread = format!("its answers cannot be read: {unread}");
        self.finding = Some(unread.clone());
        self.unread = Some(unread);
    }

    /// An LLM job is worth 1 whenever it is right and in time, and says what was wrong if not.
    pub(super) fn adjust(&self, outcome: &mut JobOutcome) {
        if outcome.is_success {
            outcome.score = 1.0;
        }
        let is_wrong = outcome
            .event
            .is_some_and(|(_, subtype)| subtype == EventSubtype::Failure);
        if let (true, Some(finding)) = (is_wrong, &self.finding) {
            outcome.comment.clone_from(finding);
        }
    }
}

/// For the answers of all jobs at once.
pub(super) fn client(limit: std::time::Duration) -> Client {
    Client::for_services(http::Limits {
        idle: limit,
        total: limit,
        bytes: fetch::MOST_BYTES,
    })
}
