//! `author_*`: extrinsics, and what becomes of them.

use std::sync::Arc;

use jsonrpsee::core::{RegisterMethodError, SubscriptionError};
use jsonrpsee::server::PendingSubscriptionSink;
use jsonrpsee::types::Params;
use serde_json::value::to_raw_value;
use subxt::config::substrate::H256;
use subxt::rpcs::methods::legacy::Bytes;

use super::Methods;
use super::error::refused;
use crate::devnet::node::chain::Chain;

pub(super) fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.register_method("author_submitExtrinsic", |params, chain, _| {
        let bytes: Bytes = params.one()?;
        let submitted = chain.submit(&bytes).map_err(|error| refused(&error))?;
        Ok::<_, jsonrpsee::types::ErrorObjectOwned>(H256::from(submitted.hash))
    })?;
    methods.register_method("author_pendingExtrinsics", |_, chain, _| {
        let state = chain.state();
        let waiting = state.pool.all().map(|extrinsic| extrinsic.bytes.clone());
        waiting.map(Bytes).collect::<Vec<_>>()
    })?;
    methods.register_subscription(
        "author_submitAndWatchExtrinsic",
        "author_extrinsicUpdate",
        "author_unwatchExtrinsic",
        |params, pending, chain, _| submit_and_watch(params, pending, chain),
    )?;
    Ok(())
}

async fn submit_and_watch(
    params: Params<'static>,
    pending: PendingSubscriptionSink,
    chain: Arc<Chain>,
) -> Result<(), SubscriptionError> {
    let bytes: Bytes = match params.one() {
        Ok(bytes) => bytes,
        Err(error) => {
            pending.reject(error).await;
            return Ok(());
        }
    };
    let mut submitted = match chain.submit(&bytes) {
        Ok(submitted) => submitted,
        Err(error) => {
            pending.reject(refused(&error)).await;
            return Ok(());
        }
    };
    let sink = pending.accept().await?;
    loop {
        let status = tokio::select! {
            () = sink.closed() => return Ok(()),
            status = submitted.statuses.recv() => status,
        };
        let Some(status) = status else {
            return Ok(());
        };
        sink.send(to_raw_value(&status.json())?).await?;
        if status.is_last() {
            return Ok(());
        }
    }
}
