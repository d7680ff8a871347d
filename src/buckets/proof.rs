//! The proof that a bucket does what the pipeline needs: what is uploaded to a signed address can
//! be read by everybody. The probe has one name, so that one that was left behind is replaced.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::error::Trouble;
use crate::http::{Client, HttpError, Limits};
use crate::objects::ObjectStore;
use crate::settings::BucketName;

const PROBE: &str = "horde-probe";
const VALID: Duration = Duration::from_secs(300);
/// Between two attempts, while what was set does not count yet.
pub(super) const PAUSE: Duration = Duration::from_millis(500);

const LIMITS: Limits = Limits {
    idle: Duration::from_secs(10),
    total: Duration::from_secs(30),
    bytes: 64 * 1024,
};

/// Uploads, reads, deletes. The probe is deleted whatever becomes of it.
pub(super) async fn prove(
    store: &ObjectStore,
    bucket: &BucketName,
    patience: Duration,
) -> Result<(), Trouble> {
    let client = Client::for_signed(LIMITS);
    let content = format!("{} {}\n", env!("CARGO_PKG_NAME"), Uuid::new_v4());
    let url = store.presigned_put(bucket, PROBE, VALID)?;
    let (headers, body) = (BTreeMap::new(), content.clone().into_bytes());
    let upload = client.put(url.reveal(), &headers, body).await;
    upload.map_err(|error| Trouble::upload(&error))?;
    let read = read(store, &client, bucket, content.as_bytes(), patience).await;
    let deleted = store.delete_object(bucket, PROBE).await;
    read?;
    Ok(deleted?)
}

async fn read(
    store: &ObjectStore,
    client: &Client,
    bucket: &BucketName,
    content: &[u8],
    patience: Duration,
) -> Result<(), Trouble> {
    let url = store.public_url(bucket, PROBE);
    let deadline = Instant::now() + patience;
    loop {
        let read = async { client.get(&url).await?.bytes().await };
        let trouble = match read.await {
            Ok(bytes) if bytes == content => return Ok(()),
            Ok(_) => Trouble::Stale { url: url.clone() },
            // an address that answers so will do so later, too
            Err(error @ HttpError::Status(300..=399)) => {
                return Err(Trouble::read(url.clone(), &error));
            }
            Err(error) => Trouble::read(url.clone(), &error),
        };
        if Instant::now() >= deadline {
            return Err(trouble);
        }
        sleep(PAUSE).await;
    }
}
