//! The one question to Backblaze's own API that `horde` asks: which S3 server a key belongs to. It
//! is this one.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::BucketConfig;
use super::request::Asked;

const PATH: &str = "/b2api/v3/b2_authorize_account";

/// `None`: it asks for something else.
pub(super) fn authorized(asked: &Asked, config: &BucketConfig, url: &str) -> Option<Response> {
    if asked.path != PATH {
        return None;
    }
    let pair = format!("{}:{}", config.access_key_id, config.secret_access_key);
    let right = format!("Basic {}", STANDARD.encode(pair));
    let (status, answer) = match asked.header("authorization") == Some(&right) {
        true => (
            StatusCode::OK,
            json!({
                "accountId": "devnet",
                "authorizationToken": "devnet",
                "applicationKeyExpirationTimestamp": null,
                "apiInfo": {
                    "storageApi": {
                        "infoType": "storageApi",
                        "apiUrl": url,
                        "downloadUrl": url,
                        "s3ApiUrl": url,
                        "bucketId": null,
                        "bucketName": null,
                        "namePrefix": null,
                        "capabilities": ["listBuckets", "listFiles", "readFiles", "writeFiles"],
                        "absoluteMinimumPartSize": 5_000_000,
                        "recommendedPartSize": 100_000_000,
                    },
                },
            }),
        ),
        false => (
            StatusCode::UNAUTHORIZED,
            json!({"status": 401, "code": "unauthorized", "message": "invalid_key"}),
        ),
    };
    let head = [(CONTENT_TYPE, "application/json;charset=utf-8")];
    Some((status, head, answer.to_string()).into_response())
}
