//! The chain: whether the node answers, is the right one and up to date, and how this validator
//! stands on the subnet.

use chrono::Utc;

use super::finding::Finding;
use crate::chain::{Chain, Metagraph, Snapshot};
use crate::keys::Keypair;
use crate::pass::{ChainAccess, Failure, metagraph};
use crate::schedule::order::MIN_STAKE_RAO;
use crate::settings::Environment;
use crate::store::Store;

const RAO: u64 = 1_000_000_000;
/// A head of this many blocks ago is not written on (spec: weights).
const OLDEST_HEAD_BLOCKS: u32 = 20;
/// This clock and the chain's.
const MOST_SKEW_S: i64 = 30;

pub(super) async fn examine(
    environment: &Environment,
    store: Option<&Store>,
    hotkey: Option<&Keypair>,
) -> Vec<Finding> {
    let chain = match ChainAccess::of(environment).connect().await {
        Ok(chain) => chain,
        Err(failure) => return vec![Finding::failed("node", failure)],
    };
    let mut findings = vec![genesis(&chain, store)];
    match chain.best().await {
        Err(error) => findings.push(Finding::failed("node", error)),
        Ok(head) => findings.extend(head_age(&head).await),
    }
    let read = match environment.netuid() {
        Ok(netuid) => metagraph(&chain, netuid).await.map_err(Failure::from),
        Err(error) => Err(error.into()),
    };
    match (read, hotkey) {
        (Err(failure), _) => findings.push(Finding::failed("registration", failure)),
        (Ok(metagraph), Some(hotkey)) => findings.extend(standing(&metagraph, hotkey)),
        (Ok(_), None) => (),
    }
    findings
}

fn genesis(chain: &Chain, store: Option<&Store>) -> Finding {
    const WHAT: &str = "genesis";
    let found = chain.genesis().to_string();
    match store.map(Store::genesis) {
        Some(Err(error)) => Finding::failed(WHAT, error),
        Some(Ok(Some(bound))) if bound != found => {
            Finding::failed(WHAT, Failure::OtherChain { bound, found })
        }
        _ => Finding::ok(
            WHAT,
            format!("{} serves {found}", chain.endpoint().address()),
        ),
    }
}

async fn head_age(head: &Snapshot) -> Vec<Finding> {
    let read =
        async { Ok::<_, crate::chain::ChainError>((head.timestamp().await?, head.block_time()?)) };
    let (made_at, block_time) = match read.await {
        Ok(read) => read,
        Err(error) => return vec![Finding::failed("head", error)],
    };
    let block = head.block();
    let age_s = (Utc::now() - made_at).num_seconds();
    let oldest = i64::try_from((block_time * OLDEST_HEAD_BLOCKS).as_secs()).unwrap_or(i64::MAX);
    let text = format!(
        "block {block} is {age_s} s old, spec {}",
        head.spec_version()
    );
    let finding = if age_s > oldest.max(10) {
        Finding::failed("head", Failure::StaleHead { block, age_s })
    } else {
        Finding::ok("head", text)
    };
    let skew = match -age_s > MOST_SKEW_S {
        true => Finding::failed(
            "clock",
            Failure::ClockBehind {
                block,
                behind_s: -age_s,
            },
        ),
        false => Finding::ok("clock", "not behind the chain's"),
    };
    vec![finding, skew]
}

fn standing(metagraph: &Metagraph, hotkey: &Keypair) -> Vec<Finding> {
    let address = hotkey.hotkey();
    let Some(neuron) = metagraph.by_hotkey(&address) else {
        return vec![Finding::fail(
            "registration",
            format!("{address} is not registered on this subnet"),
            "register it with `btcli subnet register`, or check the wallet's settings",
        )];
    };
    let registered = Finding::ok("registration", format!("uid {}", neuron.uid));
    let stake = format!("{} TAO", neuron.stake / RAO);
    let stake = match neuron.stake >= MIN_STAKE_RAO {
        true => Finding::ok("stake", stake),
        false => Finding::fail(
            "stake",
            format!("{stake}: batches need {} TAO", MIN_STAKE_RAO / RAO),
            "stake more to this hotkey",
        ),
    };
    let permit = match neuron.validator_permit {
        true => Finding::ok("permit", "the chain takes its weights"),
        false => Finding::fail(
            "permit",
            "it has no validator permit: the chain takes no weights of it",
            "it needs to be among the largest stakes of the subnet; the chain looks once a tempo",
        ),
    };
    vec![registered, stake, permit]
}
