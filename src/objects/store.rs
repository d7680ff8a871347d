//! One S3 server with one key pair: how it is addressed. Always in path style, which every such
//! server knows.

use rusoto_core::Region;
use rusoto_credential::{AwsCredentials, StaticProvider};
use rusoto_s3::S3Client;
use url::Url;

use super::transport::{LIMITS, Transport};
use crate::http::Client;
use crate::settings::{BucketName, Environment, SettingsError, StorageAccess};

/// Where everybody finds objects, unless an endpoint is set.
const PUBLIC: &str = "https://s3.amazonaws.com";

/// Clones share connections.
#[derive(Clone)]
pub struct ObjectStore {
    pub(super) client: S3Client,
    pub(super) http: Client,
    pub(super) access: StorageAccess,
    /// Where requests go; without a slash at its end.
    pub(super) endpoint: String,
    public: String,
}

impl std::fmt::Debug for ObjectStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ObjectStore({}, {})", self.endpoint, self.access.region)
    }
}

impl ObjectStore {
    /// `None` if no key pair is set.
    ///
    /// # Errors
    /// The settings of it are incomplete.
    pub fn from_settings(environment: &Environment) -> Result<Option<Self>, SettingsError> {
        Ok(environment.storage_access()?.map(Self::new))
    }

    pub fn new(access: StorageAccess) -> Self {
        let given = access.endpoint.as_deref().map(normalised);
        let endpoint = given.clone().unwrap_or_else(|| amazons(&access.region));
        let region = signing_region(&access, &endpoint);
        let credentials = StaticProvider::new_minimal(
            access.access_key_id.clone(),
            access.secret_access_key.reveal().to_owned(),
        );
        let http = Client::for_signed(LIMITS);
        Self {
            client: S3Client::new_with(Transport(http.clone()), credentials, region),
            http,
            access,
            endpoint,
            public: given.unwrap_or_else(|| PUBLIC.to_owned()),
        }
    }

    /// The server that requests go to, without credentials.
    pub fn server(&self) -> &str {
        &self.endpoint
    }

    /// Where new buckets are made.
    pub fn region(&self) -> &str {
        &self.access.region
    }

    /// Where everybody can read the object, once its bucket lets them.
    pub fn public_url(&self, bucket: &BucketName, key: &str) -> String {
        let key = rusoto_s3::util::encode_key(key);
        format!("{}/{bucket}/{key}", self.public)
    }

    /// For what is signed here and not by rusoto's client.
    pub(super) fn signing(&self) -> (Region, AwsCredentials) {
        let credentials = AwsCredentials::new(
            self.access.access_key_id.as_str(),
            self.access.secret_access_key.reveal(),
            None,
            None,
        );
        (signing_region(&self.access, &self.endpoint), credentials)
    }
}

fn signing_region(access: &StorageAccess, endpoint: &str) -> Region {
    Region::Custom {
        name: access.region.clone(),
        endpoint: endpoint.to_owned(),
    }
}

/// Amazon's server of a region.
fn amazons(region: &str) -> String {
    match region {
        "us-east-1" => PUBLIC.to_owned(),
        _ if region.starts_with("cn-") => format!("https://s3.{region}.amazonaws.com.cn"),
        _ => format!("https://s3.{region}.amazonaws.com"),
    }
}

/// Without what is no part of an object's address: credentials, query, the usual port.
fn normalised(endpoint: &str) -> String {
    let url = Url::parse(endpoint.trim()).expect("checked when the settings were read");
    let host = url.host_str().expect("checked when the settings were read");
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    let path = url.path().trim_end_matches('/');
    format!("{}://{host}{port}{path}", url.scheme())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Secret, SignatureVersion};

    fn store(endpoint: Option<&str>, region: &str) -> ObjectStore {
        let _ = rustls::crypto::ring::default_provider().install_default();
        ObjectStore::new(StorageAccess {
            access_key_id: "AKIA".to_owned(),
            secret_access_key: Secret::new("hush"),
            endpoint: endpoint.map(str::to_owned),
            region: region.to_owned(),
            signature_version: SignatureVersion::V4,
        })
    }

    #[test]
    fn the_public_address_is_in_path_style_and_its_key_is_encoded() {
        let bucket: BucketName = "prompts".parse().expect("a name");
        for (endpoint, key, expected) in [
            (None, "k", "https://s3.amazonaws.com/prompts/k"),
            (
                Some("http://127.0.0.1:9000/"),
                "a b+c/ü.txt",
                "http://127.0.0.1:9000/prompts/a%20b%2Bc/%C3%BC.txt",
            ),
            (
                Some("https://me:pw@s3.example:443/base/?x=y"),
                "k",
                "https://s3.example/base/prompts/k",
            ),
        ] {
            let store = store(endpoint, "eu-west-1");
            assert_eq!(store.public_url(&bucket, key), expected);
        }
    }

    #[test]
    fn requests_go_to_the_server_of_the_region_unless_one_is_named() {
        for (endpoint, region, expected) in [
            (None, "us-east-1", "https://s3.amazonaws.com"),
            (None, "eu-west-1", "https://s3.eu-west-1.amazonaws.com"),
            (None, "cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn"),
            (
                Some("https://s3.example"),
                "eu-west-1",
                "https://s3.example",
            ),
        ] {
            assert_eq!(store(endpoint, region).server(), expected);
        }
    }
}
