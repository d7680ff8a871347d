//! The chain as seen through one node: connect, find blocks, load the runtime of each.
//! Reading at a block goes on in `Snapshot`, sending in `submit`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use parity_scale_codec::{Decode, Encode};
use subxt::rpcs::rpc_params;
use tokio::sync::Mutex;

use super::connection::Connection;
use super::metadata_cache::MetadataCache;
use super::runtime::Runtime;
use super::{ChainError, Endpoint, Hash, Snapshot, Timeouts};

#[derive(Debug, Clone, Default)]
pub struct ConnectOptions {
    pub timeouts: Timeouts,
    /// Folder in which metadata is kept from pass to pass; it must exist. Saves about a megabyte
    /// of download per pass.
    pub metadata_cache: Option<PathBuf>,
}

/// A connection to one node. Cheap to clone; clones share the connection.
#[derive(Clone)]
pub struct Chain {
    pub(super) connection: Connection,
    genesis: Hash,
    cache: Option<MetadataCache>,
    /// By spec version. A runtime upgrade between two reads adds an entry.
    runtimes: Arc<Mutex<HashMap<u32, Arc<Runtime>>>>,
}

impl Chain {
    /// Opens the websocket and asks for the first block. An endpoint whose name promises a
    /// network must be on it: [`ChainError::OtherChain`].
    pub async fn connect(
        endpoint: &Endpoint,
        options: &ConnectOptions,
    ) -> Result<Self, ChainError> {
        let connection = Connection::open(endpoint, options.timeouts).await?;
        let genesis = connection
            .hash_at(0)
            .await?
            .ok_or_else(|| connection.no_such_block("0".to_owned()))?;
        if let Some(expected) = endpoint
            .expected_genesis()
            .filter(|known| *known != genesis)
        {
            return Err(ChainError::OtherChain {
                endpoint: endpoint.to_string(),
                expected,
                found: genesis,
            });
        }
        let cache = options
            .metadata_cache
            .clone()
            .map(|folder| MetadataCache::new(folder, genesis));
        Ok(Self {
            connection,
            genesis,
            cache,
            runtimes: Arc::default(),
        })
    }

    pub fn endpoint(&self) -> &Endpoint {
        self.connection.endpoint()
    }

    /// The hash of the first block, which tells one chain from another.
    pub fn genesis(&self) -> Hash {
        self.genesis
    }

    /// Height of the best block. One small request, to be polled while waiting.
    pub async fn block_number(&self) -> Result<u64, ChainError> {
        self.connection.height(None).await
    }

    /// `None`: the chain has not come that far.
    pub async fn block_hash(&self, number: u64) -> Result<Option<Hash>, ChainError> {
        self.connection.hash_at(number).await
    }

    /// The newest block; it may still be replaced by another of the same height.
    pub async fn best(&self) -> Result<Snapshot, ChainError> {
        let number = self.connection.height(None).await?;
        self.at(number).await
    }

    /// The newest block that cannot be undone, two or three behind the best.
    pub async fn finalized(&self) -> Result<Snapshot, ChainError> {
        let hash = self.connection.finalized().await?;
        let number = self.connection.height(Some(hash)).await?;
        self.snapshot(number, hash).await
    }

    /// Any block of the best chain. Nodes keep the state of about the last 256 only:
    /// [`ChainError::StateDiscarded`].
    pub async fn at(&self, number: u64) -> Result<Snapshot, ChainError> {
        let hash = self
            .connection
            .hash_at(number)
            .await?
            .ok_or_else(|| self.connection.no_such_block(number.to_string()))?;
        self.snapshot(number, hash).await
    }

    pub(super) async fn snapshot(&self, block: u64, hash: Hash) -> Result<Snapshot, ChainError> {
        let runtime = self.runtime_at(hash).await?;
        Ok(Snapshot::new(self.connection.clone(), runtime, block, hash))
    }

    async fn runtime_at(&self, hash: Hash) -> Result<Arc<Runtime>, ChainError> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Version {
            spec_version: u32,
            #[serde(default)]
            transaction_version: u32,
        }
        let version: Version = self
            .connection
            .request("state_getRuntimeVersion", rpc_params![hash])
            .await?;
        let spec = version.spec_version;
        // held while loading, so that concurrent readers load once
        let mut runtimes = self.runtimes.lock().await;
        if let Some(runtime) = runtimes.get(&spec) {
            return Ok(Arc::clone(runtime));
        }
        let build = |metadata: &[u8]| {
            Runtime::new(self.genesis, spec, version.transaction_version, metadata)
        };
        let kept = self.cache.as_ref().and_then(|cache| cache.read(spec));
        let runtime = match kept.and_then(|metadata| build(&metadata).ok()) {
            Some(runtime) => runtime,
            None => {
                let metadata = self.download_metadata(hash).await?;
                let runtime = build(&metadata)?;
                if let Some(cache) = &self.cache {
                    cache.write(spec, &metadata);
                }
                runtime
            }
        };
        let runtime = Arc::new(runtime);
        runtimes.insert(spec, Arc::clone(&runtime));
        Ok(runtime)
    }

    /// The newest form of the metadata that the node offers and we read: runtime APIs are listed
    /// only from version 15 on.
    async fn download_metadata(&self, at: Hash) -> Result<Vec<u8>, ChainError> {
        const NEWEST_KNOWN: u32 = 16;
        match self
            .connection
            .call("Metadata_metadata_versions", &[], at)
            .await
        {
            Ok(answer) => {
                let offered = Vec::<u32>::decode(&mut &answer[..]).unwrap_or_default();
                if let Some(version) = offered.into_iter().filter(|v| *v <= NEWEST_KNOWN).max() {
                    let answer = self
                        .connection
                        .call("Metadata_metadata_at_version", &version.encode(), at)
                        .await?;
                    let metadata = Option::<Vec<u8>>::decode(&mut &answer[..])
                        .map_err(|error| ChainError::unreadable("metadata", error))?;
                    if let Some(metadata) = metadata {
                        return Ok(metadata);
                    }
                }
            }
            // runtimes before mid 2024 have no such function
            Err(ChainError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
        let metadata: subxt::rpcs::methods::legacy::Bytes = self
            .connection
            .request("state_getMetadata", rpc_params![at])
            .await?;
        Ok(metadata.0)
    }
}
