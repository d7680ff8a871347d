//! What is wrong, and what to do about it. Each judgement stands alone; in which order they are shown
//! is not known here.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::report::{ChainStatus, FacilitatorStatus};
use crate::store::{
    BackupRow, PassEnd, PassOutcome, PassRow, Store, StoreError, WeightsRow, WeightsState,
};

/// The passes that a timer starts, and how often, in seconds.
pub const PERIODS: [(&str, i64); 11] = [
    ("schedule-synthetic", 60),
    ("run-synthetic", 30),
    ("set-weights", 60),
    ("sync-params", 300),
    ("send-events", 300),
    ("prompts-generate", 300),
    ("prompts-sample", 1800),
    ("prompts-answer", 300),
    ("fetch-receipts", 1800),
    ("backup-db", 86_400),
    ("evict", 86_400),
];
/// A timer that missed this many of its periods is not running.
const PERIODS_MISSED: i32 = 10;
/// No pass that is started so often runs longer: its unit ends it before.
const LONGEST_RUN: TimeDelta = TimeDelta::hours(1);
const MINUTES_CUT_UNTIL_RED: i64 = 2;
/// So many events are those of a week in which none was sent.
const MANY_UNSENT: u64 = 50_000;
/// Published parameters older than this may no longer be those of the other validators.
const PARAMS_OLD: TimeDelta = TimeDelta::hours(1);
/// A day and a half: one backup was missed.
const BACKUP_OLD: TimeDelta = TimeDelta::hours(36);
/// So long another server that writes with our hotkey is shown.
const UNKNOWN_WRITE_SHOWN: TimeDelta = TimeDelta::hours(24);
/// Weights that were not updated for so long are about to stop counting.
const TEMPOS_UNTIL_RED: u64 = 3;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub what: String,
    pub to_do: &'static str,
}

pub(super) fn old_backup(
    newest: Option<&BackupRow>,
    database_made_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<Problem> {
    let is_old = |at: DateTime<Utc>| now - at > BACKUP_OLD;
    let what = match newest {
        Some(backup) if is_old(backup.made_at) => {
            let hours = (now - backup.made_at).num_hours();
            format!("the newest backup is {hours} hours old")
        }
        None if database_made_at.is_some_and(is_old) => "there is no backup yet".to_owned(),
        Some(_) | None => return None,
    };
    Some(Problem {
        what,
        to_do: "run `horde backup-db`, and check its timer or crontab line",
    })
}

pub(super) fn unknown_write(
    store: &Store,
    now: DateTime<Utc>,
) -> Result<Option<Problem>, StoreError> {
    let write = store.unknown_write()?;
    let recent = write.filter(|write| !write.after_restore && now - write.at < UNKNOWN_WRITE_SHOWN);
    Ok(recent.map(|write| Problem {
        what: format!(
            "block {} holds a write of this hotkey that is not from here",
            write.block
        ),
        to_do: "let one server serve only: `horde serving off` on the other",
    }))
}

/// A relay that runs, and has been without a connection for a while.
pub(super) fn cut_line(
    line: &FacilitatorStatus,
    passes: &[PassRow],
    now: DateTime<Utc>,
) -> Option<Problem> {
    let mut relays = passes.iter().filter(|pass| pass.name == "relay-organic");
    let runs = relays.any(|pass| pass.end.is_none());
    let is_long = now - line.since > TimeDelta::minutes(MINUTES_CUT_UNTIL_RED);
    (runs && !line.connected && is_long).then(|| Problem {
        what: format!("relay-organic is not connected: {}", line.finding),
        to_do: "it tries again by itself; check the network and FACILITATOR_URI",
    })
}

pub(super) fn stale_weights(chain: &ChainStatus) -> Option<Problem> {
    let tempos = chain
        .tempos_since_update
        .filter(|tempos| *tempos >= TEMPOS_UNTIL_RED as f64)?;
    let blocks = chain.blocks_since_update?;
    Some(Problem {
        what: format!(
            "weights were last updated on chain {blocks} blocks ago ({tempos:.1} tempos)"
        ),
        to_do: "look at what `horde set-weights` says",
    })
}

pub(super) fn lost_weights(weights: &WeightsRow) -> Option<Problem> {
    (weights.state == WeightsState::GivenUp).then(|| Problem {
        what: format!(
            "weights {} are given up: {}",
            weights.id.number(),
            weights.note
        ),
        to_do: "the next batch makes new ones; see what went wrong in the log",
    })
}

pub(super) fn old_params(store: &Store, now: DateTime<Utc>) -> Result<Option<Problem>, StoreError> {
    let read_at = store.last_good_pass("sync-params")?;
    let age = read_at.map(|at| now - at).filter(|age| *age > PARAMS_OLD);
    Ok(age.map(|age| Problem {
        what: format!(
            "published parameters were read {} minutes ago",
            age.num_minutes()
        ),
        to_do: "look at what `horde sync-params` says",
    }))
}

pub(super) fn many_unsent(store: &Store) -> Result<Option<Problem>, StoreError> {
    let unsent = store.count_unsent_events()?;
    Ok((unsent > MANY_UNSENT).then(|| Problem {
        what: format!("{unsent} events are waiting to be sent"),
        to_do: "look at what `horde send-events` says",
    }))
}

pub(super) fn not_serving(store: &Store) -> Result<Problem, StoreError> {
    let stored = store.params()?;
    let is_pinned = stored.iter().any(|one| one.name == "SERVING");
    Ok(Problem {
        what: match is_pinned {
            true => "not serving: it is turned off".to_owned(),
            false => "not serving: MIGRATING is set".to_owned(),
        },
        to_do: match is_pinned {
            true => "`horde serving on`, on the server that is to serve",
            false => "unset MIGRATING on the server that is to serve",
        },
    })
}

/// How the passes of this name end at present. One that its timer has just started does not hide
/// how the one before it ended. `None`: none has ended, or it is the relay, and that runs.
pub fn present_end(store: &Store, newest: &PassRow) -> Result<Option<PassEnd>, StoreError> {
    match newest.end {
        None if period(&newest.name).is_some() => store.last_end(&newest.name),
        _ => Ok(newest.end.clone()),
    }
}

fn period(name: &str) -> Option<i64> {
    PERIODS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, seconds)| *seconds)
}

pub(super) fn pass_problem(
    store: &Store,
    pass: &PassRow,
    now: DateTime<Utc>,
) -> Result<Option<Problem>, StoreError> {
    match silent(pass, now) {
        Some(problem) => Ok(Some(problem)),
        None => Ok(present_end(store, pass)?.and_then(|end| bad_end(&pass.name, &end))),
    }
}

/// Its timer does not run.
fn silent(pass: &PassRow, now: DateTime<Utc>) -> Option<Problem> {
    let silence = now - pass.started_at;
    let is_long = |period| {
        let patience = TimeDelta::seconds(period) * PERIODS_MISSED;
        // one that has no end yet may well be running
        match pass.end {
            Some(_) => silence > patience,
            None => silence > patience.max(LONGEST_RUN),
        }
    };
    is_long(period(&pass.name)?).then(|| Problem {
        what: format!(
            "{} last ran {} minutes ago",
            pass.name,
            silence.num_minutes()
        ),
        to_do: "check its timer (`systemctl list-timers`)",
    })
}

fn bad_end(pass: &str, end: &PassEnd) -> Option<Problem> {
    let to_do = match end.outcome {
        PassOutcome::Done | PassOutcome::Idle | PassOutcome::Interrupted => return None,
        PassOutcome::Failed => {
            "`horde doctor` looks for the cause; `horde inspect passes` tells all"
        }
        PassOutcome::Unreachable => "the next pass tries again; `horde doctor` looks for the cause",
        PassOutcome::Misconfigured => "`horde config` shows every setting",
    };
    Some(Problem {
        what: format!("{pass}: {}", end.summary),
        to_do,
    })
}
