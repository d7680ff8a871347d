//! All examinations, one after the other: first what stands on this machine, then what it speaks to.

use std::time::Duration;

use chrono::Utc;
use tokio::time::timeout;

use super::finding::Finding;
use super::{chain, machine, outside};
use crate::params::Params;
use crate::settings::Environment;
use crate::store::Store;

/// For each thing that is asked over the network.
const PATIENCE: Duration = Duration::from_secs(30);

/// Examines everything; `tell` hears of each finding at once.
pub async fn examine(environment: &Environment, mut tell: impl FnMut(&Finding)) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found = |new: Vec<Finding>| {
        new.iter().for_each(&mut tell);
        findings.extend(new);
    };
    let (hotkey, finding) = machine::wallet(environment);
    found(vec![finding]);
    let (store, finding) = machine::database(environment);
    found(vec![finding]);
    found(vec![machine::disk(
        "database disk",
        &environment.database(),
    )]);
    found(vec![machine::disk(
        "backup disk",
        &environment.backup_directory().join("x"),
    )]);
    if let Some(store) = &store {
        found(from_database(environment, store));
    }
    let examined = chain::examine(environment, store.as_ref(), hotkey.as_ref());
    found(within("node", examined).await);
    found(within("trusted miner", outside::trusted_miner(environment)).await);
    found(within("buckets", outside::buckets(environment)).await);
    for place in outside::BACKUPS {
        found(within(place.name(), outside::backups(environment, place)).await);
    }
    found(within("mail", outside::mail(environment)).await);
    findings
}

fn from_database(environment: &Environment, store: &Store) -> Vec<Finding> {
    let params = match store.params() {
        Ok(stored) => Params::from_overrides(stored).0,
        Err(error) => return vec![Finding::failed("parameters", error)],
    };
    let is_serving = params.is_serving(environment.is_migrating());
    let mut findings = vec![match is_serving {
        true => Finding::ok("serving", "this server takes part"),
        false => Finding::warn(
            "serving",
            "this server does not take part",
            "`horde serving on`, or unset MIGRATING, on the server that is to serve",
        ),
    }];
    findings.extend(machine::passes(environment, store, is_serving, Utc::now()));
    findings
}

async fn within(
    what: &'static str,
    examination: impl Future<Output = Vec<Finding>>,
) -> Vec<Finding> {
    timeout(PATIENCE, examination).await.unwrap_or_else(|_| {
        let finding = format!("no answer within {} s", PATIENCE.as_secs());
        vec![Finding::fail(what, finding, "check the network")]
    })
}
