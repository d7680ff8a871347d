//! The pass that follows the subnet owner's parameters: fetches the published document and keeps
//! what it assigns. How a document is read and which values fit is for `params` to say.
//!
//! A parameter that is no longer in the document keeps its value. A document that cannot be had
//! changes nothing; of a malformed one counts what stands before the malformed entry.

use std::time::Duration;

use serde_json::{Value, json};
use tracing::{debug, info, warn};

use crate::http::{Client, HttpError, Limits};
use crate::params::published::{self, Malformed};
use crate::params::{Params, Setting, Source, Warning};
use crate::pass::{self, Failure, Frame, Outcome, Pass};

/// The document has some 10 KiB.
pub const LIMITS: Limits = Limits {
    idle: Duration::from_secs(10),
    total: Duration::from_secs(30),
    bytes: 1024 * 1024,
};

/// How many changes the summary names, and how much of each value.
const CHANGES_NAMED: usize = 3;
const VALUE_SHOWN: usize = 60;

#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    #[error("the published parameters could not be fetched, all keep their values")]
    Fetch(#[source] HttpError),
    #[error("the published parameters are malformed, what comes before that is kept")]
    Malformed(#[source] Malformed),
}

impl SyncError {
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Fetch(error) if error.is_passing())
    }

    pub(crate) fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Fetch(error) if error.is_passing() => None,
            Self::Fetch(_) => Some("check DYNAMIC_CONFIG_ENV and DYNAMIC_CONFIG_URL"),
            Self::Malformed(_) => {
                Some("tell the subnet owner; `horde params pin` sets a value by hand until then")
            }
        }
    }
}

/// One pass of `sync-params`.
pub async fn run(frame: &Frame, limits: Limits) -> Result<Outcome, Failure> {
    pass::run("sync-params", frame, async |pass| sync(pass, limits).await).await
}

async fn sync(pass: &mut Pass, limits: Limits) -> Result<Outcome, Failure> {
    let url = pass.environment.dynamic_config_url();
    let fetched = async { Client::for_services(limits).get(&url).await?.bytes().await };
    let document = tokio::select! {
        fetched = fetched => fetched.map_err(SyncError::Fetch)?,
        () = pass.stop.cancelled() => return Err(Failure::Interrupted),
    };
    let reading = published::read(&document, pass.now());
    let (read, warnings) = Params::from_overrides(reading.assigned);
    for warning in &warnings {
        match warning {
            Warning::Unknown(name) => debug!(?name, "unknown parameter passed over"),
            Warning::LocalOnly(_) | Warning::Wrong(_) => {
                warn!(%warning, "published value passed over, the old one is kept");
            }
        }
    }
    let changes = keep(pass, &read)?;
    match reading.malformed {
        None => Ok(outcome(&changes)),
        Some(malformed) => Err(SyncError::Malformed(malformed).into()),
    }
}

/// A value that is not what it was.
struct Change {
    name: &'static str,
    before: Setting,
    now: Setting,
    /// A pinned value hides it.
    is_hidden: bool,
}

/// Keeps what the document assigns, and finds what of it is new.
fn keep(pass: &mut Pass, read: &Params) -> Result<Vec<Change>, Failure> {
    let stored = pass.store.params()?;
    let (published, pinned): (Vec<_>, Vec<_>) = stored
        .into_iter()
        .partition(|one| one.source == Source::Published);
    let (kept, _) = Params::from_overrides(published);
    let (pinned, _) = Params::from_overrides(pinned);
    let mut new: Vec<(&str, Value)> = Vec::new();
    let mut changes = Vec::new();
    let rows = read.all().zip(kept.all()).zip(pinned.all());
    for (((parameter, now, source), (_, before, kept_source)), (_, _, pinned_source)) in rows {
        if source == Source::Default || (kept_source, &before) == (source, &now) {
            continue;
        }
        new.push((parameter.name, Value::from(&now)));
        if before != now {
            changes.push(Change {
                name: parameter.name,
                before,
                now,
                is_hidden: pinned_source == Source::Pinned,
            });
        }
    }
    if !new.is_empty() {
        let now = pass.now();
        pass.store.publish_params(&new, now)?;
    }
    for change in &changes {
        let (before, now) = (shown(&change.before), shown(&change.now));
        match change.is_hidden {
            true => info!(
                parameter = change.name,
                before, now, "a pinned value hides what was published"
            ),
            false => info!(parameter = change.name, before, now, "parameter changed"),
        }
    }
    Ok(changes)
}

fn outcome(changes: &[Change]) -> Outcome {
    let details = json!({
        "changed": changes.iter().map(|change| json!({
            "name": change.name,
            "before": Value::from(&change.before),
            "now": Value::from(&change.now),
            "hidden": change.is_hidden,
        })).collect::<Vec<_>>(),
    });
    if changes.is_empty() {
        return Outcome::idle("no parameter changed").with_details(details);
    }
    let parameters = if changes.len() == 1 {
        "parameter"
    } else {
        "parameters"
    };
    let mut named: Vec<String> = changes.iter().take(CHANGES_NAMED).map(text).collect();
    if changes.len() > CHANGES_NAMED {
        named.push("...".to_owned());
    }
    let summary = format!(
        "{} {parameters} changed: {}",
        changes.len(),
        named.join(", ")
    );
    Outcome::done(summary).with_details(details)
}

fn text(change: &Change) -> String {
    let (before, now) = (shown(&change.before), shown(&change.now));
    let hidden = if change.is_hidden {
        " (hidden by a pinned value)"
    } else {
        ""
    };
    format!("{} {before} -> {now}{hidden}", change.name)
}

fn shown(setting: &Setting) -> String {
    let text = setting.to_string();
    text.escape_debug().take(VALUE_SHOWN).collect()
}
