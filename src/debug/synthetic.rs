//! A synthetic batch with one miner in it, scored as usual and then forgotten.

use chrono::Utc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::miner::{MinerAddress, Tap};
use crate::params::Params;
use crate::pass::{Failure, Progress, load_hotkey};
use crate::settings::Environment;
use crate::store::Store;
use crate::synthetic::batch::{BatchInput, BatchResult, run_batch};

/// Runs a batch with the parameters in force, or with the defaults where there is no database.
///
/// # Errors
/// When there is no hotkey to sign with. Whatever goes wrong with the miner is in the result.
pub async fn run_batch_of_one(
    environment: &Environment,
    address: MinerAddress,
    tap: Tap,
    progress: &Progress,
    stop: &CancellationToken,
) -> Result<BatchResult, Failure> {
    let signer = load_hotkey(&environment.wallet()?)?;
    let params = match Store::open(&environment.database()) {
        Ok(store) => Params::from_overrides(store.params()?).0,
        Err(_) => Params::default(),
    };
    let uuid = Uuid::new_v4().to_string();
    let input = BatchInput {
        tap,
        ..BatchInput::new(
            uuid,
            vec![address],
            signer,
            &params,
            environment,
            Utc::now(),
        )
    };
    Ok(run_batch(input, progress, stop).await)
}
