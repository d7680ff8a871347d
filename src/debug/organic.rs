//! A job as a user would send it, to one miner.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;

use crate::miner::{Caller, Clock, LargeMessages, MinerAddress, Moment, Tap};
use crate::organic::{Ended, Limits, Order, Step, drive};
use crate::pass::{Failure, load_hotkey};
use crate::settings::Environment;

/// Runs the job, which may take `timeout` from the moment the connection is up. `report` is called
/// at each step, and once before the first with the moment of the start.
///
/// # Errors
/// When there is no hotkey to sign with. Whatever goes wrong with the miner is in the end.
pub async fn run_order(
    environment: &Environment,
    order: &Order,
    address: MinerAddress,
    timeout: Duration,
    tap: Tap,
    mut report: impl FnMut(Option<Step>, Moment),
) -> Result<Ended, Failure> {
    let limits = Limits {
        total: timeout,
        ready: timeout.min(Limits::PRODUCTION.ready),
        ..Limits::PRODUCTION
    };
    let clock = Clock::showing(Utc::now());
    let caller = Caller {
        keypair: Arc::new(load_hotkey(&environment.wallet()?)?),
        limits: limits.miner,
        clock,
        room: LargeMessages::default(),
        tap,
    };
    report(None, clock.now());
    let report = |step, at| report(Some(step), at);
    Ok(drive(order, address, caller, limits, report).await)
}
