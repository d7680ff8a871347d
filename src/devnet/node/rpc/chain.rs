//! `chain_*`: blocks, their hashes and headers, and news of them.

use std::sync::Arc;

use jsonrpsee::core::{RegisterMethodError, SubscriptionError};
use jsonrpsee::server::{PendingSubscriptionSink, SubscriptionSink};
use jsonrpsee::types::ErrorObjectOwned;
use serde::Deserialize;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use subxt::config::substrate::H256;
use tokio::sync::broadcast::error::RecvError;

use super::Methods;
use crate::devnet::node::chain::Chain;

/// Clients write numbers both ways.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Decimal(u64),
    Hexadecimal(String),
}

impl Number {
    fn value(&self) -> Option<u64> {
        match self {
            Self::Decimal(number) => Some(*number),
            Self::Hexadecimal(text) => u64::from_str_radix(text.strip_prefix("0x")?, 16).ok(),
        }
    }
}

pub(super) fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.register_method("chain_getHeader", |params, chain, _| {
        let at: Option<H256> = params.sequence().optional_next()?;
        let state = chain.state();
        let number = match at {
            Some(hash) => state.number_of(&hash.0),
            None => Some(state.best().number),
        };
        Ok::<_, ErrorObjectOwned>(number.map(|number| state.header(number)))
    })?;
    methods.register_method("chain_getBlockHash", |params, chain, _| {
        let number: Option<Number> = params.sequence().optional_next()?;
        let state = chain.state();
        let best = state.best().number;
        let number = number.map_or(Some(best), |number| number.value());
        let hash = number.and_then(|number| {
            if number == 0 && chain.faults().borrow().other_genesis {
                return Some(state.genesis().map(|byte| !byte));
            }
            state.hash_at(number)
        });
        Ok::<_, ErrorObjectOwned>(hash.map(H256::from))
    })?;
    methods.register_method("chain_getFinalizedHead", |_, chain, _| {
        let state = chain.state();
        let finalized = state.finalized_under(state.best().number);
        state.hash_at(finalized).map(H256::from)
    })?;
    methods.register_method("chain_getBlock", |params, chain, _| {
        let at: Option<H256> = params.sequence().optional_next()?;
        Ok::<_, ErrorObjectOwned>(block(chain, at))
    })?;
    for (subscribe, notification, unsubscribe) in [
        (
            "chain_subscribeNewHeads",
            "chain_newHead",
            "chain_unsubscribeNewHeads",
        ),
        (
            "chain_subscribeAllHeads",
            "chain_allHead",
            "chain_unsubscribeAllHeads",
        ),
    ] {
        methods.register_subscription(
            subscribe,
            notification,
            unsubscribe,
            |_, pending, chain, _| new_heads(pending, chain, |_, best| best),
        )?;
    }
    methods.register_subscription(
        "chain_subscribeFinalizedHeads",
        "chain_finalizedHead",
        "chain_unsubscribeFinalizedHeads",
        |_, pending, chain, _| {
            new_heads(pending, chain, |chain, best| {
                chain.state().finalized_under(best)
            })
        },
    )?;
    Ok(())
}

fn block(chain: &Chain, at: Option<H256>) -> Option<Value> {
    let state = chain.state();
    let number = match at {
        Some(hash) => state.number_of(&hash.0)?,
        None => state.best().number,
    };
    let bodies = state
        .block(number)
        .map_or(&[][..], |block| &block.extrinsics);
    let extrinsics: Vec<String> = bodies
        .iter()
        .map(|bytes| format!("0x{}", hex::encode(bytes)))
        .collect();
    Some(json!({
        "block": { "header": state.header(number), "extrinsics": extrinsics },
        "justifications": null,
    }))
}

/// Headers of what `head` makes of each best block, beginning with the present one.
async fn new_heads(
    pending: PendingSubscriptionSink,
    chain: Arc<Chain>,
    head: impl Fn(&Chain, u64) -> u64,
) -> Result<(), SubscriptionError> {
    let mut heads = chain.heads();
    let sink = pending.accept().await?;
    let best = chain.state().best().number;
    let mut last = head(&chain, best);
    send(&sink, &chain, last).await?;
    loop {
        let best = tokio::select! {
            () = sink.closed() => return Ok(()),
            best = heads.recv() => best,
        };
        let best = match best {
            Ok(best) => best,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return Ok(()),
        };
        let number = head(&chain, best);
        if number > last {
            last = number;
            send(&sink, &chain, number).await?;
        }
    }
}

async fn send(
    sink: &SubscriptionSink,
    chain: &Chain,
    number: u64,
) -> Result<(), SubscriptionError> {
    let header = chain.state().header(number);
    sink.send(to_raw_value(&header)?).await?;
    Ok(())
}
