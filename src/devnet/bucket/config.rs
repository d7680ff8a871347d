//! What a bucket server is to be like.

use super::Behaviour;

#[derive(Debug, Clone)]
pub struct BucketConfig {
    /// On loopback; 0 is any free one.
    pub port: u16,
    /// Requests must be signed for it; buckets can be made in others.
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: String,
    /// Names that belong to somebody else.
    pub taken: Vec<String>,
    /// Larger objects are refused, in bytes.
    pub most_bytes: usize,
    /// Entries on a page of a list, if not fewer are asked for.
    pub page: usize,
    pub behaviour: Behaviour,
}

/// An honest one on any free port, whose key pair everybody knows.
impl Default for BucketConfig {
    fn default() -> Self {
        Self {
            port: 0,
            region: "us-east-1".to_owned(),
            access_key_id: "AKIADEVNET".to_owned(),
            secret_access_key: "devnet/secret+everybody-knows".to_owned(),
            taken: Vec::new(),
            most_bytes: 16 << 20,
            page: 1000,
            behaviour: Behaviour::Honest,
        }
    }
}
