//! Runs a batch that was taken, and keeps what it brought in one transaction.

use std::sync::Arc;

use serde_json::json;
use tracing::warn;

use super::batch::{BatchInput, Limits, debug_targets, run_batch};
use crate::chain::{Chain, ChainError};
use crate::hashjob;
use crate::keys::Keypair;
use crate::miner::MinerAddress;
use crate::params::WeightsVersion;
use crate::pass::{Failure, Outcome, Pass};
use crate::scoring::DanceBonus;
use crate::store::{BatchId, BatchRecord};

/// How often the metagraph is read before a batch is lost.
const METAGRAPH_ATTEMPTS: u32 = 3;

pub(super) async fn run_and_keep(
    pass: &mut Pass,
    chain: &Chain,
    signer: Keypair,
    batch: BatchId,
) -> Result<Outcome, Failure> {
    let input = input(pass, chain, signer, batch).await?;
    let progress = pass.progress.clone();
    let result = run_batch(input, &progress, &pass.stop).await;
    let record = result.into_record(batch);
    pass.store.keep_batch(&record)?;
    Ok(outcome(&record))
}

async fn input(
    pass: &Pass,
    chain: &Chain,
    signer: Keypair,
    batch: BatchId,
) -> Result<BatchInput, Failure> {
    let (params, settings) = (&pass.params, &pass.environment);
    let overridden = settings
        .weights_version_override()
        .and_then(|version| WeightsVersion::try_from(i64::try_from(version).ok()?).ok());
    let size = settings.debug_hash_job();
    let limits = match settings.batch_time_scale() {
        Some(factor) => Limits::PRODUCTION.scaled(factor),
        None => Limits::PRODUCTION,
    };
    let uuid = pass
        .store
        .batch(batch)?
        .map(|batch| batch.uuid)
        .unwrap_or_default();
    Ok(BatchInput {
        uuid,
        keypair: Arc::new(signer),
        miners: targets(pass, chain).await?,
        previous_online: pass.store.previous_online(batch)?,
        dance: DanceBonus {
            weights_version: overridden.unwrap_or(params.weights_version()),
            threshold: params.manifest_dance_ratio_threshold(),
            multiplier: params.manifest_score_multiplier(),
        },
        executor_caps: params.executor_caps(),
        hash_size: size.map(|[letters, digits, hashes]| hashjob::Size {
            letters,
            digits,
            hashes,
        }),
        limits,
        now: pass.now(),
    })
}

/// Every neuron that serves, or the miners of the debug settings.
async fn targets(pass: &Pass, chain: &Chain) -> Result<Vec<MinerAddress>, Failure> {
    if let Some(debug) = pass.environment.debug_miners()? {
        return Ok(debug_targets(
            &debug.hotkey,
            &debug.address,
            debug.port,
            debug.count,
        ));
    }
    let netuid = pass.environment.netuid()?;
    let mut attempt = 1;
    let metagraph = loop {
        let read: Result<_, ChainError> =
            async { chain.best().await?.metagraph(netuid).await }.await;
        match read {
            Ok(metagraph) => break metagraph,
            Err(error) if attempt >= METAGRAPH_ATTEMPTS => return Err(error.into()),
            Err(error) => warn!(%error, attempt, "the metagraph cannot be read"),
        }
        attempt += 1;
    };
    let serving = metagraph.neurons.iter().filter_map(|neuron| {
        let axon = neuron.axon?;
        Some(MinerAddress {
            hotkey: neuron.hotkey.to_string(),
            host: axon.ip.to_string(),
            port: axon.port,
        })
    });
    Ok(serving.collect())
}

fn outcome(record: &BatchRecord) -> Outcome {
    let answered = record
        .miners
        .iter()
        .filter(|miner| miner.manifest.is_some())
        .count();
    let succeeded = record.jobs.iter().filter(|job| job.completed).count();
    let cut = match record.note.as_str() {
        "" => String::new(),
        note => format!(" ({note})"),
    };
    let summary = format!(
        "batch {}: {answered} of {} miners answered, {succeeded} of {} jobs succeeded{cut}",
        record.batch.number(),
        record.miners.len(),
        record.jobs.len()
    );
    Outcome::done(summary).with_details(json!({
        "batch": record.batch.number(),
        "miners": record.miners.len(),
        "miners_answered": answered,
        "jobs": record.jobs.len(),
        "jobs_succeeded": succeeded,
        "note": record.note,
    }))
}
