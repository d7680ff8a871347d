//! The pass that keeps the database from growing: deletes rows past their time. Nothing that is
//! still to be done, and nothing that tells what was done last, is ever among them.

use chrono::TimeDelta;
use serde_json::json;

use crate::pass::{self, Failure, Frame, Outcome, Pass};
use crate::store::Evictable;

/// Receipts count for so long (spec: receipts).
const RECEIPTS: TimeDelta = TimeDelta::days(7);

/// How many days each kind is kept. Scores and weights of a year can be shown to a miner who asks.
/// What refers to other rows comes before them.
const DAYS: [(Evictable, i64); 11] = [
    (Evictable::IdlePasses, 2),
    (Evictable::Passes, 90),
    (Evictable::SentEvents, 30),
    (Evictable::UnsentEvents, 90),
    (Evictable::SettledIntents, 90),
    (Evictable::UsedPrompts, 30),
    (Evictable::EmptyWorkloads, 30),
    (Evictable::Batches, 365),
    (Evictable::Weights, 365),
    (Evictable::OrganicJobs, 90),
    (Evictable::RemovedBackups, 365),
];

/// One pass of `evict`.
///
/// # Errors
/// The database cannot be written to.
pub async fn run(frame: &Frame) -> Result<Outcome, Failure> {
    pass::run("evict", frame, async |pass| evict(pass)).await
}

fn evict(pass: &mut Pass) -> Result<Outcome, Failure> {
    let now = pass.now();
    let mut deleted = Vec::new();
    let mut said = Vec::new();
    let mut count = |name: &str, rows: u64| {
        deleted.push(json!({"kind": name, "rows": rows}));
        if rows > 0 {
            said.push(format!("{rows} {name}"));
        }
    };
    for (what, days) in DAYS {
        count(what.name(), evict_all(pass, what, TimeDelta::days(days))?);
    }
    let receipts = pass.store.delete_receipts_before(now - RECEIPTS)?;
    count("receipts", receipts);
    pass.store.optimize()?;
    let details = json!({ "deleted": deleted });
    let outcome = match said.is_empty() {
        true => Outcome::idle("nothing is past its time"),
        false => Outcome::done(format!("deleted {}", said.join(", "))),
    };
    Ok(outcome.with_details(details))
}

fn evict_all(pass: &mut Pass, what: Evictable, kept: TimeDelta) -> Result<u64, Failure> {
    let oldest = pass.now() - kept;
    let mut all = 0;
    loop {
        if pass.stop.is_cancelled() {
            return Err(Failure::Interrupted);
        }
        let (deleted, is_more) = pass.store.evict_piece(what, oldest)?;
        all += deleted;
        if !is_more {
            return Ok(all);
        }
    }
}
