//! Runs a batch that was taken, and keeps what it brought in one transaction.

use chrono::Utc;
use serde_json::json;
use tracing::warn;

use super::batch::{BatchInput, PromptSupply, run_batch_with_prompts};
use crate::chain::Chain;
use crate::keys::Keypair;
use crate::pass::{Failure, Outcome, Pass};
use crate::prompts::Buckets;
use crate::store::{BatchId, BatchRecord};

pub(super) async fn run_and_keep(
    pass: &mut Pass,
    chain: &Chain,
    signer: Keypair,
    batch: BatchId,
) -> Result<Outcome, Failure> {
    let input = input(pass, chain, signer, batch).await?;
    // LLM executors are one class of several: the others are tested whatever is wrong here
    let buckets = Buckets::from_settings(&pass.environment).unwrap_or_else(|error| {
        warn!(%error, "no LLM jobs");
        None
    });
    let store = &mut pass.store;
    let prompts = buckets.as_ref().map(|buckets| PromptSupply {
        take: Box::new(|wanted| store.take_samples(batch, wanted, Utc::now())),
        place: Box::new(|key| buckets.answers(key)),
    });
    let result = run_batch_with_prompts(input, prompts, &pass.progress, &pass.stop).await;
    let mut record = result.into_record(batch);
    if !pass.environment.sends_machine_specs() {
        record.specs.clear();
    }
    pass.store.keep_batch(&record)?;
    Ok(outcome(&record))
}

async fn input(
    pass: &mut Pass,
    chain: &Chain,
    signer: Keypair,
    batch: BatchId,
) -> Result<BatchInput, Failure> {
    let miners = pass.serving_miners(chain).await?;
    let uuid = pass
        .store
        .batch(batch)?
        .map(|batch| batch.uuid)
        .unwrap_or_default();
    Ok(BatchInput {
        previous_online: pass.store.previous_online(batch)?,
        ..BatchInput::new(
            uuid,
            miners,
            signer,
            &pass.params,
            &pass.environment,
            pass.now(),
        )
    })
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
