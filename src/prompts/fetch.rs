//! Files of prompts and answers, read from their buckets within bounds.

use std::collections::HashMap;
use std::time::Duration;

use crate::http::{Client, HttpError, Limits};
use crate::llmjob::{AnswerReader, UnreadableAnswers};

/// Of one file. A series of 240 prompts and its answers come to some hundred KiB.
pub(crate) const MOST_BYTES: u64 = 4 << 20;

/// For one file, where nobody else waits for it.
const LIMITS: Limits = Limits {
    idle: Duration::from_secs(5),
    total: Duration::from_secs(30),
    bytes: MOST_BYTES,
};

pub(crate) fn client() -> Client {
    Client::for_services(LIMITS)
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Answers(#[from] UnreadableAnswers),
    #[error("the file is not text")]
    NotText,
}

/// The answers to those of these prompts that a file has answers to.
pub(crate) async fn answers(
    client: &Client,
    url: &str,
    prompts: impl IntoIterator<Item = String>,
) -> Result<HashMap<String, String>, FetchError> {
    let mut reader = AnswerReader::new(prompts);
    let mut body = client.get(url).await?;
    while let Some(piece) = body.piece().await? {
        reader.take(piece.as_ref())?;
    }
    Ok(reader.finish()?)
}

/// A file of prompts, one a line.
pub(crate) async fn series(client: &Client, url: &str) -> Result<String, FetchError> {
    let bytes = client.get(url).await?.bytes().await?;
    String::from_utf8(bytes).map_err(|_| FetchError::NotText)
}
