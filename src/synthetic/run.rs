//! One pass of `run-synthetic`: find the batch that is due, wait for its block, run it, keep it.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use tracing::{info, warn};

use super::keep::run_and_keep;
use super::plan::{height, mark_missed};
use crate::chain::{Chain, Snapshot};
use crate::pass::{self, Failure, Frame, Outcome, Pass};
use crate::schedule::cycle_containing;
use crate::store::{BatchId, BatchPlan, BatchRow};
use crate::wire::event::{Event, EventSubtype, EventType};

/// When a batch is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// When a plan says so.
    WhenDue,
    /// At once, planned or not.
    Now,
}

/// One pass of `run-synthetic`.
pub async fn run(frame: &Frame, start: Start) -> Result<Outcome, Failure> {
    pass::run("run-synthetic", frame, async |pass| {
        if !pass.is_serving() {
            return Ok(Outcome::idle("this server is not serving: no batch is run"));
        }
        let signer = pass.hotkey()?;
        let chain = pass.connect().await?;
        pass.refuse_debug_on(&chain)?;
        let head = pass.fresh_head(&chain).await?;
        break_running(pass, "was killed while it ran")?;
        mark_missed(pass, height(&head))?;
        let is_now = start == Start::Now || pass.environment.dont_stagger();
        let begun = match is_now {
            true => Some(begin_now(pass, &head).await?),
            false => begin_due(pass, &chain, &head).await?,
        };
        match begun {
            Some(batch) => {
                let result = run_and_keep(pass, &chain, signer, batch).await;
                if result.is_err() {
                    break_running(pass, "failed before it was kept")?;
                }
                result
            }
            None => {
                Ok(Outcome::idle("no batch is due").with_details(json!({"block": head.block()})))
            }
        }
    })
    .await
}

/// This pass holds the batch lock: a batch that is marked as running, and is not run by it, was
/// killed or has failed.
fn break_running(pass: &mut Pass, note: &str) -> Result<(), Failure> {
    let now = pass.now();
    let broken = pass.store.break_running_batches(note, |batch| {
        Event::new(
            EventType::ValidatorSyntheticJobsFailure,
            EventSubtype::GenericError,
            now,
            format!("the batch of block {} {note}", batch.plan.block),
        )
        .with("batch_uuid", batch.uuid.as_str())
    })?;
    for batch in broken {
        warn!(
            batch = batch.id.number(),
            note, "batch broken: it makes no weights"
        );
    }
    Ok(())
}

async fn begin_now(pass: &mut Pass, head: &Snapshot) -> Result<BatchId, Failure> {
    let subnet = pass.subnet(head).await?;
    let block = height(head);
    let cycle = cycle_containing(block, subnet.netuid, subnet.tempo);
    let plan = BatchPlan {
        cycle_start: cycle.start,
        cycle_stop: cycle.stop,
        block,
    };
    Ok(pass.store.start_batch_now(plan, pass.now())?)
}

/// Takes the batch that is due, after waiting for its block.
async fn begin_due(
    pass: &mut Pass,
    chain: &Chain,
    head: &Snapshot,
) -> Result<Option<BatchId>, Failure> {
    let current = height(head);
    let earliest = current - pass.params.max_oversleep_blocks();
    let latest = current + pass.params.wait_in_advance_blocks();
    let due = pass.store.due_batches(earliest, latest)?;
    let Some(batch) = due.first() else {
        return Ok(None);
    };
    if due.len() > 1 {
        warn!(
            batches = due.len(),
            "several batches are due: taking the first"
        );
    }
    let mut block = current;
    if batch.plan.block > current {
        block = wait_for(pass, chain, head, batch).await?;
    } else if batch.plan.block < current {
        let text = format!(
            "the batch of block {} starts at block {current}",
            batch.plan.block
        );
        warn!("{text}");
        let event = Event::new(
            EventType::ValidatorOversleptScheduledJobWarning,
            EventSubtype::Warning,
            pass.now(),
            text,
        )
        .with("block", batch.plan.block)
        .with("current_block", current);
        pass.store.keep_event(&event)?;
    }
    let is_taken = pass.store.start_batch(batch.id, block, pass.now())?;
    Ok(is_taken.then_some(batch.id))
}

/// Polls the chain until the batch's block is there; gives back the height then.
async fn wait_for(
    pass: &mut Pass,
    chain: &Chain,
    head: &Snapshot,
    batch: &BatchRow,
) -> Result<i64, Failure> {
    let wanted = batch.plan.block;
    let blocks = u32::try_from(wanted - height(head)).unwrap_or(0);
    let block_time = head.block_time()?;
    let limit = block_time * blocks * 2;
    let deadline = Instant::now() + limit;
    let poll = pass
        .params
        .poll_interval()
        .min(block_time / 2)
        .max(Duration::from_millis(10));
    let waiting = pass.progress.waiting(format!("waiting for block {wanted}"));
    info!(block = wanted, "waiting for the batch's block");
    loop {
        let block = i64::try_from(chain.block_number().await?).unwrap_or(i64::MAX);
        if block >= wanted {
            waiting.finish_and_clear();
            return Ok(block);
        }
        if Instant::now() >= deadline {
            let failure = Failure::BlockNeverCame {
                block: wanted,
                seconds: limit.as_secs(),
            };
            let event = Event::new(
                EventType::ValidatorSyntheticJobsFailure,
                EventSubtype::FailedToWait,
                pass.now(),
                failure.to_string(),
            )
            .with("block", wanted);
            pass.store.keep_event(&event)?;
            return Err(failure);
        }
        tokio::select! {
            () = tokio::time::sleep(poll) => (),
            () = pass.stop.cancelled() => return Err(Failure::Interrupted),
        }
    }
}
