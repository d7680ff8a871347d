//! One websocket to one node: every request goes through here, so every request has a time
//! limit and every failure gets the endpoint's name. Knows JSON-RPC, nothing of Subtensor.
//! Answers are bounded to 10 MB by the transport.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use subxt::rpcs::client::{RpcParams, RpcSubscription};
use subxt::rpcs::methods::legacy::{Bytes, TransactionStatus};
use subxt::rpcs::{Error as RpcError, RpcClient, UserError, rpc_params};

use super::error::shortened;
use super::{ChainError, Endpoint, Hash};

/// How long a node may keep us waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Name lookup, TCP, TLS and the websocket handshake together.
    pub connect: Duration,
    /// Any one request.
    pub request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            // the transport gives up after 10 s, with a text that says less
            connect: Duration::from_secs(9),
            request: Duration::from_secs(45),
        }
    }
}

#[derive(Clone)]
pub(super) struct Connection(Arc<Inner>);

struct Inner {
    endpoint: Endpoint,
    rpc: RpcClient,
    timeouts: Timeouts,
}

/// The keys asked for in one `state_queryStorageAt`: 512 keys of up to 100 bytes stay far below
/// what public nodes accept in one message.
const KEYS_AT_ONCE: usize = 512;

impl Connection {
    pub(super) async fn open(endpoint: &Endpoint, timeouts: Timeouts) -> Result<Self, ChainError> {
        let opening = RpcClient::from_insecure_url(endpoint.address());
        match tokio::time::timeout(timeouts.connect, opening).await {
            Ok(Ok(rpc)) => Ok(Self(Arc::new(Inner {
                endpoint: endpoint.clone(),
                rpc,
                timeouts,
            }))),
            Ok(Err(error)) => Err(ChainError::Unreachable {
                endpoint: endpoint.to_string(),
                reason: cause_of(&error),
            }),
            Err(_) => Err(ChainError::Silent {
                endpoint: endpoint.to_string(),
                method: "connect",
                seconds: timeouts.connect.as_secs(),
            }),
        }
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    pub(super) async fn request<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: RpcParams,
    ) -> Result<T, ChainError> {
        self.in_time(method, self.0.rpc.request(method, params))
            .await
    }

    /// Block number of a header; the best one where `hash` is `None`.
    pub(super) async fn height(&self, hash: Option<Hash>) -> Result<u64, ChainError> {
        /// Numbers of headers are hexadecimal, zero-padded by some nodes.
        #[derive(serde::Deserialize)]
        struct Header {
            number: String,
        }
        let shown = || hash.map_or_else(|| "best".to_owned(), |hash| hash.to_string());
        let header: Option<Header> = self.request("chain_getHeader", rpc_params![hash]).await?;
        let header = header.ok_or_else(|| self.no_such_block(shown()))?;
        u64::from_str_radix(header.number.trim_start_matches("0x"), 16)
            .map_err(|error| ChainError::unreadable("a block number", error))
    }

    /// `None`: the chain has not come that far.
    pub(super) async fn hash_at(&self, height: u64) -> Result<Option<Hash>, ChainError> {
        self.request("chain_getBlockHash", rpc_params![height])
            .await
    }

    pub(super) async fn finalized(&self) -> Result<Hash, ChainError> {
        self.request("chain_getFinalizedHead", rpc_params![]).await
    }

    pub(super) async fn value(&self, key: &[u8], at: Hash) -> Result<Option<Vec<u8>>, ChainError> {
        let value: Option<Bytes> = self
            .request("state_getStorage", rpc_params![to_hex(key), at])
            .await?;
        Ok(value.map(|bytes| bytes.0))
    }

    /// The values of storage keys at one block, in the order of the keys.
    pub(super) async fn values(
        &self,
        keys: &[Vec<u8>],
        at: Hash,
    ) -> Result<Vec<Option<Vec<u8>>>, ChainError> {
        #[derive(serde::Deserialize)]
        struct ChangeSet {
            changes: Vec<(Bytes, Option<Bytes>)>,
        }
        let mut values = std::collections::HashMap::new();
        for some in keys.chunks(KEYS_AT_ONCE) {
            let texts: Vec<String> = some.iter().map(|key| to_hex(key)).collect();
            let sets: Vec<ChangeSet> = self
                .request("state_queryStorageAt", rpc_params![texts, at])
                .await?;
            for (key, value) in sets.into_iter().flat_map(|set| set.changes) {
                values.insert(key.0, value.map(|bytes| bytes.0));
            }
        }
        Ok(keys
            .iter()
            .map(|key| values.get(key).cloned().flatten())
            .collect())
    }

    /// At most `limit` storage keys that begin with `prefix`, in the chain's order.
    pub(super) async fn keys_under(
        &self,
        prefix: &[u8],
        limit: u32,
        at: Hash,
    ) -> Result<Vec<Vec<u8>>, ChainError> {
        let params = rpc_params![to_hex(prefix), limit, None::<String>, at];
        let keys: Vec<Bytes> = self.request("state_getKeysPaged", params).await?;
        Ok(keys.into_iter().map(|key| key.0).collect())
    }

    pub(super) async fn call(
        &self,
        function: &str,
        arguments: &[u8],
        at: Hash,
    ) -> Result<Vec<u8>, ChainError> {
        let params = rpc_params![function, to_hex(arguments), at];
        let answer: Bytes = self.request("state_call", params).await?;
        Ok(answer.0)
    }

    /// Hands an extrinsic to the node. The outer error is the node's refusal or a failure of the
    /// connection; which of them it is decides whether the extrinsic may still be included.
    pub(super) async fn submit(
        &self,
        extrinsic: &[u8],
    ) -> Result<RpcSubscription<TransactionStatus<Hash>>, RpcError> {
        let subscribing = self.0.rpc.subscribe(
            "author_submitAndWatchExtrinsic",
            rpc_params![to_hex(extrinsic)],
            "author_unwatchExtrinsic",
        );
        match tokio::time::timeout(self.0.timeouts.request, subscribing).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(RpcError::Client(Box::new(elapsed))),
        }
    }

    pub(super) fn no_such_block(&self, block: String) -> ChainError {
        ChainError::NoSuchBlock {
            endpoint: self.0.endpoint.to_string(),
            block,
        }
    }

    async fn in_time<T>(
        &self,
        method: &'static str,
        answer: impl Future<Output = Result<T, RpcError>>,
    ) -> Result<T, ChainError> {
        match tokio::time::timeout(self.0.timeouts.request, answer).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.failure(method, error)),
            Err(_) => Err(ChainError::Silent {
                endpoint: self.0.endpoint.to_string(),
                method,
                seconds: self.0.timeouts.request.as_secs(),
            }),
        }
    }

    fn failure(&self, method: &'static str, error: RpcError) -> ChainError {
        let endpoint = self.0.endpoint.to_string();
        match error {
            RpcError::User(refusal) => {
                let message = message_of(&refusal);
                if let Some(block) = discarded_block(&message) {
                    ChainError::StateDiscarded { endpoint, block }
                } else {
                    ChainError::Refused {
                        endpoint,
                        method,
                        code: refusal.code,
                        message,
                    }
                }
            }
            RpcError::Deserialization(error) => {
                ChainError::unreadable(format!("the answer of {endpoint} to {method}"), error)
            }
            error => ChainError::Unreachable {
                endpoint,
                reason: cause_of(&error),
            },
        }
    }
}

/// Message and data of a JSON-RPC error in one short line.
pub(super) fn message_of(refusal: &UserError) -> String {
    let data = refusal
        .data
        .as_ref()
        .map(|raw| raw.get().trim_matches('"').replace("\\\"", "\""));
    match data {
        Some(data) if !data.is_empty() && data != "null" => {
            shortened(&format!("{}: {data}", refusal.message))
        }
        _ => shortened(&refusal.message),
    }
}

/// Nodes say in two ways that they have pruned a state.
fn discarded_block(message: &str) -> Option<String> {
    let known = ["State already discarded for ", "UnknownBlock: "];
    known.iter().find_map(|text| {
        let (_, rest) = message.split_once(text)?;
        Some(
            rest.split_whitespace()
                .last()
                .unwrap_or("?")
                .trim_matches('"')
                .to_owned(),
        )
    })
}

/// The innermost cause, which is what an operator can act on ("connection refused"), without
/// the prefixes that each layer of the client puts before it.
pub(super) fn cause_of(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    let mut text = deepest.to_string();
    for prefix in [
        "RPC error: ",
        "client error: ",
        "Error when opening the TCP socket: ",
    ] {
        text = text.replace(prefix, "");
    }
    shortened(&text)
}

pub(super) fn to_hex(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pruned_state_is_told_from_other_refusals() {
        let pruned = "Client error: UnknownBlock: State already discarded for 0xabcd";
        assert_eq!(discarded_block(pruned).as_deref(), Some("0xabcd"));
        assert_eq!(discarded_block("Method not found"), None);
    }

    #[test]
    fn an_operator_reads_the_cause_and_not_the_layers_above_it() {
        let layers = std::io::Error::other("RPC error: client error: Connection refused");
        assert_eq!(cause_of(&layers), "Connection refused");
    }
}
