//! Addresses that let a miner upload one object: signed here, without asking the server. Version 4
//! is Amazon's of today; some servers of others know only version 2.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use rusoto_s3::PutObjectRequest;
use rusoto_s3::util::{PreSignedRequest, PreSignedRequestOption, encode_key};
use sha1::Sha1;
use url::form_urlencoded::byte_serialize;

use super::{ObjectStore, ObjectsError, SignedUrl};
use crate::settings::{BucketName, SignatureVersion};

/// What version 4 allows.
const VALIDITY: std::ops::RangeInclusive<u64> = 1..=7 * 24 * 3600;
const LONGEST_KEY: usize = 1024;

impl ObjectStore {
    /// An address to which one object can be uploaded with PUT, from now on for `valid`. The
    /// upload must not have a Content-Type with version 2.
    ///
    /// # Errors
    /// The key is none, or the time is too short or too long.
    pub fn presigned_put(
        &self,
        bucket: &BucketName,
        key: &str,
        valid: Duration,
    ) -> Result<SignedUrl, ObjectsError> {
        let seconds = valid.as_secs();
        if !VALIDITY.contains(&seconds) {
            return Err(ObjectsError::Validity { seconds });
        }
        checked(key)?;
        Ok(SignedUrl::new(match self.access.signature_version {
            SignatureVersion::V4 => self.signed_with_4(bucket, key, valid),
            SignatureVersion::V2 => self.signed_with_2(bucket, key, Utc::now() + valid),
        }))
    }

    fn signed_with_4(&self, bucket: &BucketName, key: &str, valid: Duration) -> String {
        let (region, credentials) = self.signing();
        let request = PutObjectRequest {
            bucket: bucket.to_string(),
            key: key.to_owned(),
            ..PutObjectRequest::default()
        };
        let option = PreSignedRequestOption { expires_in: valid };
        request.get_presigned_url(&region, &credentials, &option)
    }

    /// Query string authentication of the old S3: HMAC-SHA1 over method, end and resource.
    fn signed_with_2(&self, bucket: &BucketName, key: &str, until: DateTime<Utc>) -> String {
        let resource = format!("/{bucket}/{}", encode_key(key));
        let until = until.timestamp();
        let signed = format!("PUT\n\n\n{until}\n{resource}");
        let secret = self.access.secret_access_key.reveal();
        let mut mac: Hmac<Sha1> =
            Hmac::new_from_slice(secret.as_bytes()).expect("a key of any length will do");
        mac.update(signed.as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        format!(
            "{}{resource}?AWSAccessKeyId={}&Expires={until}&Signature={}",
            self.endpoint,
            encoded(&self.access.access_key_id),
            encoded(&signature)
        )
    }
}

/// # Errors
/// An object cannot have this key.
pub(super) fn checked(key: &str) -> Result<(), ObjectsError> {
    // clients take such parts out of an address, and the signature with them
    let is_passed_on = |part: &str| part != "." && part != "..";
    match (1..=LONGEST_KEY).contains(&key.len()) && key.split('/').all(is_passed_on) {
        true => Ok(()),
        false => Err(ObjectsError::BadKey),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Secret, StorageAccess};

    fn store(signature_version: SignatureVersion) -> ObjectStore {
        let _ = rustls::crypto::ring::default_provider().install_default();
        ObjectStore::new(StorageAccess {
            // of Amazon's documentation of version 2
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            endpoint: None,
            region: "us-east-1".to_owned(),
            signature_version,
        })
    }

    fn bucket() -> BucketName {
        "prompts".parse().expect("a name")
    }

    #[test]
    fn version_2_signs_method_end_and_resource() {
        let until = DateTime::from_timestamp(1_175_139_620, 0).expect("a time");
        let url = store(SignatureVersion::V2).signed_with_2(&bucket(), "a b", until);
        // made with Python's hmac and base64 from the documented rule
        assert_eq!(
            url,
            "https://s3.amazonaws.com/prompts/a%20b?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE\
             &Expires=1175139620&Signature=vMynjx4GkVajfUF%2FZcjP9COC%2BSU%3D"
        );
    }

    #[test]
    fn a_signed_address_is_not_shown_by_mistake() {
        for version in [SignatureVersion::V4, SignatureVersion::V2] {
            let store = store(version);
            let url = store.presigned_put(&bucket(), "key", Duration::from_secs(60));
            let url = url.expect("signed");
            assert!(url.reveal().contains("Signature="), "{url}");
            let shown = format!("{url} {url:?} {store:?}");
            for secret in ["Signature", "AKIA", "wJalr"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
    }

    #[test]
    fn keys_and_times_that_cannot_be_signed_are_refused() {
        let store = store(SignatureVersion::V4);
        let minute = Duration::from_secs(60);
        for key in ["", "a/../b", ".", &"x".repeat(1025)] {
            let refused = store.presigned_put(&bucket(), key, minute);
            assert_eq!(refused, Err(ObjectsError::BadKey), "{key}");
        }
        for seconds in [0, 7 * 24 * 3600 + 1] {
            let refused = store.presigned_put(&bucket(), "k", Duration::from_secs(seconds));
            assert_eq!(refused, Err(ObjectsError::Validity { seconds }));
        }
    }
}
