//! `state_*`: storage, runtime calls, metadata, versions.

use std::sync::Arc;

use jsonrpsee::core::{RegisterMethodError, SubscriptionError};
use jsonrpsee::server::PendingSubscriptionSink;
use jsonrpsee::types::ErrorObjectOwned;
use parity_scale_codec::{Decode, Encode};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use subxt::config::substrate::H256;
use subxt::rpcs::methods::legacy::Bytes;
use tokio::sync::broadcast::error::RecvError;

use super::Methods;
use super::error::{block, malformed_call, no_such_call, readable};
use crate::devnet::node::chain::Chain;
use crate::devnet::node::state::State;
use crate::devnet::node::types::AccountId32;

/// What public nodes give at once.
const KEYS_AT_ONCE: usize = 1000;

type Answer<T> = Result<T, ErrorObjectOwned>;

pub(super) fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.register_method("state_getStorage", |params, chain, _| {
        let mut params = params.sequence();
        let (key, at) = (params.next::<Bytes>()?, params.optional_next()?);
        let state = chain.state();
        let number = readable(&state, hash(at))?;
        let value = state.storage.get_at(number, &key).map(<[u8]>::to_vec);
        Answer::Ok(value.map(Bytes))
    })?;
    methods.register_method("state_queryStorageAt", |params, chain, _| {
        let mut params = params.sequence();
        let (keys, at) = (params.next::<Vec<Bytes>>()?, params.optional_next()?);
        query(&chain.state(), keys, hash(at))
    })?;
    methods.register_method("state_getKeysPaged", |params, chain, _| {
        let mut params = params.sequence();
        let prefix: Bytes = params.next()?;
        let count: usize = params.next()?;
        let start: Option<Bytes> = params.optional_next()?;
        let at = params.optional_next()?;
        let state = chain.state();
        let number = readable(&state, hash(at))?;
        let start = start.as_ref().map(|start| &start.0[..]);
        let keys = state.storage.keys_at(number, &prefix.0, start);
        let page = keys.take(count.min(KEYS_AT_ONCE)).cloned().map(Bytes);
        Answer::Ok(page.collect::<Vec<_>>())
    })?;
    methods.register_method("state_getMetadata", |params, chain, _| {
        let at = params.sequence().optional_next()?;
        let state = chain.state();
        let runtime = state.runtime_at(readable(&state, hash(at))?);
        Answer::Ok(Bytes(runtime.metadata().to_vec()))
    })?;
    methods.register_method("state_getRuntimeVersion", |params, chain, _| {
        let at = params.sequence().optional_next()?;
        let state = chain.state();
        let number = block(&state, hash(at))?;
        Answer::Ok(state.runtime_at(number).version_json())
    })?;
    methods.register_method("state_call", |params, chain, _| {
        let mut params = params.sequence();
        let name: String = params.next()?;
        let arguments: Bytes = params.next()?;
        let at = params.optional_next()?;
        let state = chain.state();
        let number = readable(&state, hash(at))?;
        call(&state, &name, &arguments, number).map(Bytes)
    })?;
    methods.register_subscription(
        "state_subscribeRuntimeVersion",
        "state_runtimeVersion",
        "state_unsubscribeRuntimeVersion",
        |_, pending, chain, _| runtime_versions(pending, chain),
    )?;
    Ok(())
}

fn hash(at: Option<H256>) -> Option<[u8; 32]> {
    at.map(|hash| hash.0)
}

fn query(state: &State, keys: Vec<Bytes>, at: Option<[u8; 32]>) -> Answer<Value> {
    let number = readable(state, at)?;
    let changes: Vec<(Bytes, Option<Bytes>)> = keys
        .into_iter()
        .map(|key| {
            let value = state.storage.get_at(number, &key).map(<[u8]>::to_vec);
            (key, value.map(Bytes))
        })
        .collect();
    let block = state.hash_at(number).map(H256::from);
    Ok(json!([{ "block": block, "changes": changes }]))
}

fn call(state: &State, name: &str, arguments: &[u8], number: u64) -> Answer<Vec<u8>> {
    let runtime = state.runtime_at(number);
    let versions = runtime.metadata_versions();
    match name {
        "Core_version" => Ok(runtime.version()),
        "Metadata_metadata" => Ok(runtime.metadata().encode()),
        // came together with V15
        "Metadata_metadata_versions" if versions.contains(&15) => Ok(versions.encode()),
        "Metadata_metadata_at_version" if versions.contains(&15) => {
            let version: u32 = decoded(name, arguments)?;
            Ok(runtime.metadata_at_version(version).encode())
        }
        "AccountNonceApi_account_nonce" => {
            let account: AccountId32 = decoded(name, arguments)?;
            Ok(state.nonce_at(number, account).encode())
        }
        "AuraApi_slot_duration" => Ok(state.block_time_ms.encode()),
        _ => Err(no_such_call(name)),
    }
}

fn decoded<T: Decode>(name: &str, mut arguments: &[u8]) -> Answer<T> {
    T::decode(&mut arguments).map_err(|_| malformed_call(name))
}

/// The version in force, and each that replaces it.
async fn runtime_versions(
    pending: PendingSubscriptionSink,
    chain: Arc<Chain>,
) -> Result<(), SubscriptionError> {
    let mut heads = chain.heads();
    let sink = pending.accept().await?;
    let mut best = chain.state().best().number;
    let mut told = None;
    loop {
        let runtime = Arc::clone(chain.state().runtime_at(best));
        if told.replace(runtime.spec_version) != Some(runtime.spec_version) {
            sink.send(to_raw_value(&runtime.version_json())?).await?;
        }
        best = tokio::select! {
            () = sink.closed() => return Ok(()),
            head = heads.recv() => match head {
                Ok(head) => head,
                Err(RecvError::Lagged(_)) => best,
                Err(RecvError::Closed) => return Ok(()),
            },
        };
    }
}
