//! The status on one screen of 80 columns and 24 lines, with the prompt. Colours only where a
//! terminal shows them; no meaning hangs on them.

use chrono::{DateTime, Utc};
use console::{Style, style};
use horde_validator::status::{
    Act, BatchStatus, ChainStatus, Due, FacilitatorStatus, LastRun, PassStatus, Problem, Status,
    WeightsStatus,
};
use indicatif::HumanBytes;

use crate::output::{ago, fitted};

/// The last one is for the prompt.
const LINES: usize = 23;
/// At most so many lines before the problems, so that two of them are always told in full.
const PASSES_UNTIL: usize = 17;

pub(crate) fn lines(status: &Status, now: DateTime<Utc>) -> Vec<String> {
    let mut lines = facts(status, now);
    lines.push(String::new());
    if !status.passes.is_empty() {
        let room = PASSES_UNTIL.saturating_sub(lines.len());
        lines.extend(passes(&status.passes, room, now));
        lines.push(String::new());
    }
    if status.problems.is_empty() {
        lines.push(style("all is well").green().to_string());
    } else {
        let room = LINES.saturating_sub(lines.len());
        lines.extend(problems(&status.problems, room));
    }
    lines
}

fn facts(status: &Status, now: DateTime<Utc>) -> Vec<String> {
    let database = &status.database;
    let serving = match status.serving {
        true => style("yes").green(),
        false => style("NO").red(),
    };
    let mut lines = vec![
        format!("serving    {serving}"),
        fitted(&format!(
            "database   {} (version {})",
            database.path, database.version
        )),
    ];
    lines.extend(chain(status.chain.as_ref(), now));
    lines.push(fitted(&match &status.batch {
        None => "batch      none planned yet".to_owned(),
        Some(one) => batch(one, now),
    }));
    lines.extend(status.last_run.as_ref().map(|run| last_run(run, now)));
    lines.push(fitted(&match &status.weights {
        None => "weights    none decided yet".to_owned(),
        Some(one) => weights(one, now),
    }));
    lines.extend(status.facilitator.as_ref().map(|line| relay(line, now)));
    if let Some(backup) = &status.backup {
        let (age, size) = (ago(backup.made_at, now), HumanBytes(backup.bytes));
        let places = backup.places.join(", ");
        lines.push(fitted(&format!("backup     {age}, {size}, in {places}")));
    }
    if let Some(restored) = &status.restored {
        lines.push(fitted(&format!(
            "restored   {}; set-weights compares it with the chain first; {}",
            ago(restored.at, now),
            restored.backup
        )));
    }
    lines
}

fn chain(chain: Option<&ChainStatus>, now: DateTime<Utc>) -> Vec<String> {
    let Some(chain) = chain else {
        return vec!["chain      not seen yet".to_owned()];
    };
    let seen = ago(chain.seen_at, now);
    let mut lines = vec![format!("chain      block {}, seen {seen}", chain.block)];
    let update = chain.blocks_since_update.zip(chain.tempos_since_update);
    lines.extend(update.map(|(blocks, tempos)| {
        format!("on chain   our last write is {blocks} blocks old ({tempos:.1} tempos)")
    }));
    lines
}

fn batch(batch: &BatchStatus, now: DateTime<Utc>) -> String {
    let due = batch.due.as_ref().map(|due| due_text(due, now));
    let (id, block, state) = (batch.id, batch.block, batch.state);
    format!(
        "batch      {id} at block {block}: {state}{}",
        due.unwrap_or_default()
    )
}

fn last_run(run: &LastRun, now: DateTime<Utc>) -> String {
    let ended = run.ended_at.map(|at| format!(", {}", ago(at, now)));
    let wrong = match run.wrong {
        0 => String::new(),
        count => format!(", {count} wrong"),
    };
    fitted(&format!(
        "last run   {}{}: {}/{} miners answered, {}/{} jobs succeeded{wrong}",
        run.id,
        ended.unwrap_or_default(),
        run.answered,
        run.miners,
        run.succeeded,
        run.jobs
    ))
}

fn weights(weights: &WeightsStatus, now: DateTime<Utc>) -> String {
    let due = weights.due.as_ref().map(|due| due_text(due, now));
    let (id, way, state) = (weights.id, weights.way, weights.state);
    let since = weights
        .final_block
        .map(|block| format!(" since block {block}"));
    let more = due.or(since).unwrap_or_default();
    format!("weights    {id} ({way}): {state}{more}")
}

fn due_text(due: &Due, now: DateTime<Utc>) -> String {
    let block = due.block;
    let what = match due.what {
        Act::Run => String::new(),
        Act::Place => format!(", due before block {block}"),
        Act::Reveal => format!(", reveal from block {block}"),
    };
    let when = due.at.filter(|at| *at > now).map(|at| {
        let minutes = (at - now).num_minutes();
        format!(" (in {minutes} min, {})", at.format("%H:%M UTC"))
    });
    format!("{what}{}", when.unwrap_or_default())
}

fn relay(line: &FacilitatorStatus, now: DateTime<Utc>) -> String {
    let since = ago(line.since, now);
    fitted(&match line.connected {
        true => format!(
            "relay      connected {since}, {} jobs run",
            line.jobs_running
        ),
        false => format!("relay      NOT connected, since {since}: {}", line.finding),
    })
}

/// As many lines as there is room for; two passes in each where they would not fit otherwise.
fn passes(passes: &[PassStatus], room: usize, now: DateTime<Utc>) -> Vec<String> {
    if passes.len() <= room {
        return passes.iter().map(|pass| pass_line(pass, now)).collect();
    }
    let rows = passes.len().div_ceil(2);
    let (left, right) = passes.split_at(rows);
    let right = right.iter().map(|pass| pass_cell(pass, now));
    let right = right.chain(std::iter::repeat(String::new()));
    let lines = left.iter().zip(right).map(|(pass, right)| {
        format!("{}{right}", pass_cell(pass, now))
            .trim_end()
            .to_owned()
    });
    lines.collect()
}

fn pass_line(pass: &PassStatus, now: DateTime<Utc>) -> String {
    let outcome = pass.outcome.unwrap_or("running");
    let age = ago(pass.started_at, now);
    let start = format!("{:<20} {age:>9} ", pass.name);
    let all = fitted(&format!("{start}{outcome:<13} {}", pass.summary));
    let (_, summary) = all.split_at_checked(start.len() + 13).unwrap_or((&all, ""));
    if summary.trim().is_empty() {
        return format!("{start}{}", look(outcome).apply_to(outcome));
    }
    let outcome = look(outcome).apply_to(format!("{outcome:<13}"));
    format!("{start}{outcome}{summary}")
}

/// 40 columns.
fn pass_cell(pass: &PassStatus, now: DateTime<Utc>) -> String {
    let outcome = pass.outcome.unwrap_or("running");
    let age = ago(pass.started_at, now).replace(" ago", "");
    let shown = look(outcome).apply_to(format!("{outcome:<13}"));
    format!("{:<18} {age:>7} {shown}", pass.name)
}

fn look(outcome: &str) -> Style {
    match outcome {
        "failed" | "misconfigured" => Style::new().red(),
        "unreachable" | "interrupted" => Style::new().yellow(),
        _ => Style::new(),
    }
}

/// The worst first; those for which there is no room are counted.
fn problems(problems: &[Problem], room: usize) -> Vec<String> {
    let fitting = match problems.len() * 2 <= room {
        true => problems.len(),
        false => room.saturating_sub(1) / 2,
    };
    let (told, rest) = problems.split_at(fitting);
    let mut lines = Vec::new();
    for problem in told {
        let what = fitted(&format!("! {}", problem.what));
        lines.push(style(what).red().to_string());
        lines.push(fitted(&format!("  -> {}", problem.to_do)));
    }
    if !rest.is_empty() {
        let count = rest.len();
        lines.push(format!("and {count} more: `horde status --json` tells all"));
    }
    lines
}
