//! Tells the operator, by mail and through the dead man's switch, that a unit has failed. Started
//! by systemd when that happens, so it does not count on the database; a unit that goes on failing
//! is told of every six hours.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use tracing::warn;

use crate::mail::{self, Mail};
use crate::params::Params;
use crate::pass::{Failure, Frame, Outcome, Ping};
use crate::settings::Environment;
use crate::status::Status;
use crate::store::{Store, StoreError};

/// Between two mails about the same unit.
const SILENCE: TimeDelta = TimeDelta::hours(6);

/// The name of a unit between `horde-` and `.service`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not the name of a unit, such as `set-weights`")]
pub struct NoUnit;

impl FromStr for Unit {
    type Err = NoUnit;

    fn from_str(text: &str) -> Result<Self, NoUnit> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        let is_one = !text.is_empty() && text.len() <= 40 && text.bytes().all(is_plain);
        match is_one {
            true => Ok(Self(text.to_owned())),
            false => Err(NoUnit),
        }
    }
}

/// Tells that a unit has failed, unless that was told lately.
///
/// # Errors
/// The mail server does not take the mail.
pub async fn run(frame: &Frame, unit: &Unit) -> Result<Outcome, Failure> {
    let environment = &frame.environment;
    Ping::Failed.send(environment).await;
    let Some(access) = environment.mail_access()? else {
        return Ok(Outcome::idle("no mail is sent: EMAIL_HOST is not set"));
    };
    let now = Utc::now();
    let told = told_file(environment, unit);
    if last_told(&told).is_some_and(|at| at <= now && now - at < SILENCE) {
        return Ok(Outcome::idle(format!("{} was told of already", unit.0)));
    }
    let mail = Mail {
        subject: format!("horde: {} has failed", unit.0),
        text: text(environment, unit, now),
        attachment: None,
    };
    mail::send(&access, mail).await?;
    if let Err(error) = std::fs::write(&told, now.to_rfc3339()) {
        warn!(%error, "that this was told could not be noted: it will be told again");
    }
    Ok(Outcome::done(format!(
        "told {} that {} has failed",
        access.to.join(", "),
        unit.0
    )))
}

/// Beside the database, which may be what has failed.
fn told_file(environment: &Environment, unit: &Unit) -> PathBuf {
    let database = environment.database();
    database.with_extension(format!("told-{}", unit.0))
}

fn last_told(file: &Path) -> Option<DateTime<Utc>> {
    let text = std::fs::read_to_string(file).ok()?;
    let time = DateTime::parse_from_rfc3339(text.trim()).ok()?;
    Some(time.to_utc())
}

fn text(environment: &Environment, unit: &Unit, now: DateTime<Utc>) -> String {
    let machine = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let (name, machine) = (&unit.0, machine.trim());
    let mut lines = vec![
        format!("The unit horde-{name}.service on {machine} has failed."),
        String::new(),
    ];
    match status(environment, now) {
        Ok(status) => {
            let passes = status.passes.iter();
            let last = passes.filter(|pass| pass.name == *name);
            lines.extend(last.map(|pass| format!("Its last pass: {}", pass.summary)));
            lines.push("What is wrong now:".to_owned());
            for problem in &status.problems {
                lines.push(format!("- {}", problem.what));
                lines.push(format!("  {}", problem.to_do));
            }
        }
        Err(error) => lines.push(format!("The database cannot be read: {error}")),
    }
    lines.extend([
        String::new(),
        format!("Its log: journalctl -u horde-{name} -n 100"),
        "All at once: horde status".to_owned(),
        "If it goes on failing, the next mail about it comes in six hours.".to_owned(),
    ]);
    lines.join("\n")
}

fn status(environment: &Environment, now: DateTime<Utc>) -> Result<Status, StoreError> {
    let store = Store::open(&environment.database())?;
    let (params, _) = Params::from_overrides(store.params()?);
    let is_serving = params.is_serving(environment.is_migrating());
    Status::read(&store, environment, is_serving, now)
}
