//! Planning: at which block of the current cycle this validator runs its batch, and which plans
//! were missed. The rules are in `schedule`; this only reads the chain and stores.

use serde_json::json;
use tracing::warn;

use crate::chain::{Chain, ChainError, Snapshot};
use crate::pass::{self, Failure, Frame, Outcome, Pass};
use crate::schedule::{Cycle, cycle_containing, run_order, start_block};
use crate::store::{BatchPlan, BatchRow};
use crate::wire::event::{Event, EventSubtype, EventType};

/// One pass of `schedule-synthetic`: plan this cycle's batch, mark missed ones.
pub async fn schedule(frame: &Frame) -> Result<Outcome, Failure> {
    pass::run("schedule-synthetic", frame, plan).await
}

async fn plan(pass: &mut Pass) -> Result<Outcome, Failure> {
    let netuid = pass.environment.netuid()?;
    let hotkey = pass.hotkey()?.hotkey();
    let chain = pass.connect().await?;
    let head = pass.fresh_head(&chain).await?;
    let tempo = pass.subnet(&head).await?.tempo;
    let current = height(&head);
    let missed = mark_missed(pass, current)?;

    let cycle = cycle_containing(current, netuid, tempo);
    if let Some(batch) = pass.store.planned_batch(cycle.start)? {
        let block = batch.plan.block;
        let state = batch.state.name();
        return Ok(
            Outcome::idle(format!("this cycle's batch at block {block} is {state}"))
                .with_details(details(cycle, current, Some(block), missed.len())),
        );
    }
    let Some(order) = order(pass, &chain, cycle, netuid).await? else {
        return Ok(Outcome::idle(format!(
            "the node no longer keeps block {}: planning begins with the next cycle, after block {}",
            cycle.start, cycle.stop
        ))
        .with_details(details(cycle, current, None, missed.len())));
    };
    let Some(index) = order.hotkeys.iter().position(|other| *other == hotkey) else {
        return not_in_list(pass, cycle, current, &order, missed.len());
    };
    let total = order.hotkeys.len();
    let block = start_block(cycle, pass.environment.run_offset(), total, index);
    let now = pass.now();
    let event = Event::new(
        EventType::ValidatorSyntheticJobScheduled,
        EventSubtype::Success,
        now,
        format!(
            "batch planned at block {block}, as number {} of {total}",
            index + 1
        ),
    )
    .with("seed", order.seed)
    .with("index", index)
    .with("block", block);
    let plan = BatchPlan {
        cycle_start: cycle.start,
        cycle_stop: cycle.stop,
        block,
    };
    pass.store.plan_batch(plan, &event, now)?;
    Ok(
        Outcome::done(format!("{} (now at block {current})", event.description))
            .with_details(details(cycle, current, Some(block), missed.len())),
    )
}

/// The validators of a cycle in the order in which they run.
struct Order {
    hotkeys: Vec<crate::keys::Hotkey>,
    seed: String,
}

/// `None`: the node no longer keeps the block that decides the order.
async fn order(
    pass: &Pass,
    chain: &Chain,
    cycle: Cycle,
    netuid: u16,
) -> Result<Option<Order>, Failure> {
    let finality = pass.params.block_finalization_number();
    let block = |number: i64| u64::try_from(number).unwrap_or(0);
    let metagraph = match chain.at(block(cycle.start)).await {
        Ok(snapshot) => snapshot.metagraph(netuid).await,
        Err(error) => Err(error),
    };
    let metagraph = match metagraph {
        Err(ChainError::StateDiscarded { .. }) => return Ok(None),
        result => result?,
    };
    if metagraph.stake_is_approximate {
        warn!("the order rests on stake without delegation: this runtime does not add it up");
    }
    let seed_block = block(cycle.start - finality);
    let seed = chain
        .block_hash(seed_block)
        .await?
        .ok_or_else(|| ChainError::NoSuchBlock {
            endpoint: chain.endpoint().to_string(),
            block: seed_block.to_string(),
        })?
        .to_string();
    let stakes = metagraph
        .neurons
        .iter()
        .map(|neuron| (neuron.hotkey, neuron.stake));
    Ok(Some(Order {
        hotkeys: run_order(stakes, &seed),
        seed,
    }))
}

fn not_in_list(
    pass: &mut Pass,
    cycle: Cycle,
    current: i64,
    order: &Order,
    missed: usize,
) -> Result<Outcome, Failure> {
    let summary = format!(
        "this hotkey is not among the {} validators of the cycle that began at block {}: \
         it needs at least 1000 stake",
        order.hotkeys.len(),
        cycle.start
    );
    let event = Event::new(
        EventType::ValidatorSyntheticJobsFailure,
        EventSubtype::GenericError,
        pass.now(),
        &summary,
    )
    .with("cycle_start", cycle.start);
    // this pass runs every minute: once a cycle is enough
    pass.store.keep_event_once(&event, "cycle_start")?;
    Ok(Outcome::idle(summary).with_details(details(cycle, current, None, missed)))
}

/// Marks every plan that can no longer be run in time.
pub(super) fn mark_missed(pass: &mut Pass, current: i64) -> Result<Vec<BatchRow>, Failure> {
    let oversleep = pass.params.max_oversleep_blocks();
    let now = pass.now();
    let missed = pass.store.mark_missed(current - oversleep, |batch| {
        Event::new(
            EventType::ValidatorSyntheticJobsFailure,
            EventSubtype::Overslept,
            now,
            format!(
                "the batch of block {} was missed (now at {current})",
                batch.plan.block
            ),
        )
        .with("block", batch.plan.block)
        .with("current_block", current)
    })?;
    for batch in &missed {
        warn!(block = batch.plan.block, current, "batch missed");
    }
    Ok(missed)
}

/// A chain's height as the rules of the schedule count.
pub(super) fn height(at: &Snapshot) -> i64 {
    i64::try_from(at.block()).unwrap_or(i64::MAX)
}

fn details(cycle: Cycle, current: i64, block: Option<i64>, missed: usize) -> serde_json::Value {
    json!({
        "cycle": {"start": cycle.start, "stop": cycle.stop},
        "current_block": current,
        "batch_block": block,
        "missed": missed,
    })
}
