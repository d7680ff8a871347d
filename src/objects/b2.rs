//! Backblaze B2 speaks S3, but which of its servers a key belongs to only its own API tells:
//! `b2_authorize_account`, of which nothing else is used.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tokio_util::bytes::Bytes;
use url::Url;

use super::ObjectsError;
use super::error::shortened;
use crate::http::{Client, HttpError, Limits, Request};
use crate::settings::{Secret, SignatureVersion, StorageAccess};

const LIMITS: Limits = Limits {
    idle: Duration::from_secs(20),
    total: Duration::from_secs(60),
    bytes: 64 * 1024,
};
const ACTION: &str = "tell the S3 server of this key";
/// Where a server's name does not tell its region, as on loopback.
const NO_REGION: &str = "us-east-1";

/// Versions 1 and 2 have it at the top, version 3 below the API that it belongs to.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authorized {
    s3_api_url: Option<String>,
    api_info: Option<ApiInfo>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiInfo {
    storage_api: Option<StorageApi>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StorageApi {
    s3_api_url: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
    #[serde(default)]
    message: String,
}

/// Asks Backblaze at `api` (`https://api.backblazeb2.com`) which S3 server an application key
/// belongs to. A key that is limited to some buckets or abilities can ask that, too.
///
/// # Errors
/// It cannot be reached, does not know the key (code `unauthorized`, status 401), or its answer
/// cannot be used.
pub async fn b2_access(
    api: &str,
    key_id: &str,
    key_secret: &Secret,
) -> Result<StorageAccess, ObjectsError> {
    let server = shown(api)?;
    let answer = authorized(api, key_id, key_secret).await;
    let (status, answer) =
        answer.map_err(|error| ObjectsError::from_http(&server, ACTION, &error))?;
    let (endpoint, region) = b2_server(server, status, &answer)?;
    Ok(StorageAccess {
        access_key_id: key_id.to_owned(),
        secret_access_key: key_secret.clone(),
        endpoint: Some(endpoint),
        region,
        signature_version: SignatureVersion::V4,
    })
}

/// The address and the region of the S3 server in the answer of `server`.
///
/// # Errors
/// It is a refusal, or names no server.
pub fn b2_server(
    server: String,
    status: u16,
    answer: &[u8],
) -> Result<(String, String), ObjectsError> {
    if status != 200 {
        return Err(refused(server, status, answer));
    }
    let found = s3_api_url(answer).map_err(|finding| shortened(&finding));
    let found = found.and_then(|endpoint| Ok((region_of(&endpoint)?, endpoint)));
    let (region, endpoint) = found.map_err(|finding| ObjectsError::Unreadable {
        server,
        action: ACTION,
        finding,
    })?;
    Ok((endpoint, region))
}

/// Status and body.
async fn authorized(
    api: &str,
    key_id: &str,
    key_secret: &Secret,
) -> Result<(u16, Vec<u8>), HttpError> {
    let pair = STANDARD.encode(format!("{key_id}:{}", key_secret.reveal()));
    let request = Request {
        method: "GET".to_owned(),
        url: format!(
            "{}/b2api/v3/b2_authorize_account",
            api.trim_end_matches('/')
        ),
        headers: vec![(
            "authorization".to_owned(),
            format!("Basic {pair}").into_bytes(),
        )],
        body: Bytes::new(),
    };
    // it follows no redirect: the key is for this server
    let answer = Client::for_signed(LIMITS).exchange(request).await?;
    Ok((answer.status(), answer.bytes().await?))
}

fn refused(server: String, status: u16, answer: &[u8]) -> ObjectsError {
    let refusal: Option<Refusal> = serde_json::from_slice(answer).ok();
    let (code, message) = refusal.map_or_else(
        || (format!("status {status}"), String::new()),
        |refusal| (shortened(&refusal.code), shortened(&refusal.message)),
    );
    ObjectsError::Refused {
        server,
        action: ACTION,
        status,
        code,
        message,
    }
}

fn s3_api_url(answer: &[u8]) -> Result<String, String> {
    let answer: Authorized = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
    let below = answer.api_info.and_then(|info| info.storage_api);
    let url = below.and_then(|api| api.s3_api_url).or(answer.s3_api_url);
    url.ok_or_else(|| "it names no S3 server".to_owned())
}

/// What stands behind `s3.` in the host.
fn region_of(endpoint: &str) -> Result<String, String> {
    let bad = || format!("{} is no address of a server", shortened(endpoint));
    let url = Url::parse(endpoint).map_err(|_| bad())?;
    let host = url.host_str().ok_or_else(bad)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad());
    }
    let region = host
        .strip_prefix("s3.")
        .and_then(|rest| rest.split('.').next());
    Ok(region.unwrap_or(NO_REGION).to_owned())
}

/// An address without what may be secret in it.
fn shown(api: &str) -> Result<String, ObjectsError> {
    let url = Url::parse(api).ok();
    let origin = url.map(|url| url.origin()).filter(url::Origin::is_tuple);
    let origin = origin.ok_or_else(|| ObjectsError::Unreadable {
        server: "the B2 API".to_owned(),
        action: ACTION,
        finding: "its address is none".to_owned(),
    })?;
    Ok(origin.ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_the_answers_of_all_versions() {
        let url = "https://s3.us-west-002.backblazeb2.com";
        for answer in [
            format!(r#"{{"apiInfo": {{"storageApi": {{"s3ApiUrl": "{url}"}}}}}}"#),
            format!(r#"{{"s3ApiUrl": "{url}", "apiInfo": {{"groupsApi": {{}}}}}}"#),
            format!(r#"{{"s3ApiUrl": "{url}", "allowed": {{"bucketId": null}}}}"#),
        ] {
            assert_eq!(s3_api_url(answer.as_bytes()).as_deref(), Ok(url));
        }
        for answer in ["", "[]", "{}", r#"{"s3ApiUrl": 1}"#, "\u{0}"] {
            assert!(s3_api_url(answer.as_bytes()).is_err(), "{answer}");
        }
    }

    #[test]
    fn the_region_stands_in_the_name_of_the_server() {
        for (endpoint, region) in [
            (
                "https://s3.us-west-002.backblazeb2.com",
                Some("us-west-002"),
            ),
            ("http://127.0.0.1:8000", Some(NO_REGION)),
            ("ftp://s3.x.example", None),
            ("https://", None),
            ("s3.us-west-002.backblazeb2.com", None),
        ] {
            assert_eq!(region_of(endpoint).ok().as_deref(), region, "{endpoint}");
        }
    }

    #[test]
    fn a_refusal_is_told_in_its_own_words_on_one_line() {
        let answer = br#"{"code": "unauthorized", "message": "a\nb", "status": 401}"#;
        let error = refused("https://b2.example".to_owned(), 401, answer);
        let told =
            "https://b2.example refused to tell the S3 server of this key: unauthorized (a b)";
        assert_eq!(error.to_string(), told);
        assert!(
            error
                .advice()
                .expect("there is")
                .contains("limited to a bucket")
        );
        let other = refused("https://b2.example".to_owned(), 502, b"<html>");
        assert!(other.is_passing() && other.code() == Some("status 502"));
    }
}
