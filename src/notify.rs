//! Tells the operator, by mail and through the dead man's switch, what fails. Of a unit that has
//! failed: started by systemd when that happens, so it does not count on the database. Of passes that
//! keep failing, also those that systemd takes for no failure: started every hour. A unit that goes on
//! failing is told of every six hours. Where settings are malformed, the others have to do.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use tracing::warn;

use crate::mail::{self, Mail};
use crate::params::Params;
use crate::pass::{Failure, Frame, Outcome, Ping};
use crate::settings::{Environment, MailAccess};
use crate::status::{PERIODS, Status};
use crate::store::{Store, StoreError};

/// Between two mails about the same unit.
const SILENCE: TimeDelta = TimeDelta::hours(6);
/// A pass that has failed for so long keeps failing.
const LASTING: TimeDelta = TimeDelta::hours(1);
/// The relay of a line that cannot be had ends sooner.
const LONG_RUN: TimeDelta = TimeDelta::minutes(10);

const NO_MAIL: &str = "no mail is sent: EMAIL_HOST is not set";

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

/// What is said of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finding {
    Failed,
    KeepsFailing,
}

impl Finding {
    fn text(self) -> &'static str {
        match self {
            Self::Failed => "has failed",
            Self::KeepsFailing => "has kept failing for an hour or more",
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
        return no_mail(environment);
    };
    tell(environment, &access, unit, Finding::Failed, Utc::now()).await
}

/// Tells of each pass that has failed for an hour, however often it was tried, unless that was told
/// lately.
///
/// # Errors
/// The database cannot be read, or the mail server does not take the mail.
pub async fn look(frame: &Frame) -> Result<Outcome, Failure> {
    let environment = &frame.environment;
    let now = Utc::now();
    let failing = {
        let store = Store::open(&environment.database())?;
        keep_failing(&store, now)?
    };
    if failing.is_empty() {
        return Ok(Outcome::idle("no pass has failed for an hour"));
    }
    Ping::Failed.send(environment).await;
    let Some(access) = environment.mail_access()? else {
        return no_mail(environment);
    };
    let mut said = Vec::new();
    let mut is_idle = true;
    for unit in &failing {
        let outcome = tell(environment, &access, unit, Finding::KeepsFailing, now).await?;
        is_idle &= outcome.is_idle;
        said.push(outcome.summary);
    }
    let summary = said.join("; ");
    Ok(match is_idle {
        true => Outcome::idle(summary),
        false => Outcome::done(summary),
    })
}

/// Whether mail is wanted is not known where a setting is malformed: it may be one for mail.
fn no_mail(environment: &Environment) -> Result<Outcome, Failure> {
    match environment.flaw() {
        Some(flaw) => Err(flaw.clone().into()),
        None => Ok(Outcome::idle(NO_MAIL)),
    }
}

fn keep_failing(store: &Store, now: DateTime<Utc>) -> Result<Vec<Unit>, StoreError> {
    let mut failing = Vec::new();
    let by_timers = PERIODS.iter().map(|(name, _)| *name);
    for name in by_timers.chain(["relay-organic"]) {
        let since = store.failing_since(name, now - LONG_RUN)?;
        if since.is_some_and(|since| now - since >= LASTING) {
            failing.push(Unit(name.to_owned()));
        }
    }
    Ok(failing)
}

async fn tell(
    environment: &Environment,
    access: &MailAccess,
    unit: &Unit,
    finding: Finding,
    now: DateTime<Utc>,
) -> Result<Outcome, Failure> {
    let told = told_file(environment, unit);
    if last_told(&told).is_some_and(|at| at <= now && now - at < SILENCE) {
        return Ok(Outcome::idle(format!("{} was told of already", unit.0)));
    }
    let (name, finding) = (&unit.0, finding.text());
    let mail = Mail {
        subject: format!("horde: {name} {finding}"),
        text: text(environment, unit, finding, now),
        attachment: None,
    };
    mail::send(access, mail).await?;
    if let Err(error) = std::fs::write(&told, now.to_rfc3339()) {
        warn!(%error, "that this was told could not be noted: it will be told again");
    }
    let to = access.to.join(", ");
    Ok(Outcome::done(format!("told {to} that {name} {finding}")))
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

fn text(environment: &Environment, unit: &Unit, finding: &str, now: DateTime<Utc>) -> String {
    let machine = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let (name, machine) = (&unit.0, machine.trim());
    let mut lines = vec![
        format!("The unit horde-{name}.service on {machine} {finding}."),
        String::new(),
    ];
    if let Some(flaw) = environment.flaw() {
        lines.push(format!("No command runs until this is mended: {flaw}"));
    }
    match read_status(environment, now) {
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

fn read_status(environment: &Environment, now: DateTime<Utc>) -> Result<Status, StoreError> {
    let store = Store::open(&environment.database())?;
    let (params, _) = Params::from_overrides(store.params()?);
    let is_serving = params.is_serving(environment.is_migrating());
    Status::read(&store, environment, is_serving, now)
}
