//! Results to stdout, failures to stderr (with `--json`: both as one document on stdout).

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use horde_validator::pass::{Failure, Outcome};
use serde_json::{Value, json};

use crate::cli::LogFormat;

/// Writes a line to stdout. A closed pipe (`horde status | head -1`) is no failure.
pub(crate) fn line(text: impl std::fmt::Display) {
    // there is nobody left to tell
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// A stranger's text as it may be shown on a terminal.
pub(crate) fn printable(text: &str) -> String {
    let is_shown = |c: &char| *c == '\n' || *c == '\t' || !c.is_control();
    text.trim_end_matches('\n')
        .chars()
        .filter(is_shown)
        .collect()
}

pub(crate) fn document(value: &Value) {
    line(format_args!("{value:#}"));
}

/// A time to the minute.
pub(crate) fn minute(time: DateTime<Utc>) -> impl std::fmt::Display {
    time.format("%Y-%m-%d %H:%M UTC")
}

/// How long ago, in the unit that fits.
pub(crate) fn ago(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (now - time).num_seconds().max(0);
    match seconds {
        0..120 => format!("{seconds} s ago"),
        120..7200 => format!("{} min ago", seconds / 60),
        7200..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// At most 80 columns; `--json` has the whole text.
pub(crate) fn fitted(text: &str) -> String {
    const WIDTH: usize = 80;
    let text = plain(text);
    match text.chars().count() > WIDTH {
        true => text.chars().take(WIDTH - 3).chain("...".chars()).collect(),
        false => text,
    }
}

/// Without what could move a terminal's cursor: some texts come from outside.
pub(crate) fn plain(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '?' } else { c };
    text.chars().map(shown).collect()
}

/// Host and port, as an address is written.
pub(crate) fn address(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

pub(crate) fn outcome(outcome: &Outcome, json: bool) {
    if !json {
        outcome.report.iter().for_each(line);
        return line(&outcome.summary);
    }
    let mut document = json!({
        "outcome": if outcome.is_idle { "idle" } else { "done" },
        "summary": outcome.summary,
    });
    if let (Value::Object(keys), Value::Object(details)) = (&mut document, &outcome.details) {
        keys.extend(details.clone());
    }
    self::document(&document);
}

pub(crate) fn failure(failure: &Failure, json: bool, format: LogFormat) {
    let lines = failure.lines();
    // what failed a check was printed as the one document already
    let is_said = matches!(failure, Failure::Check { .. });
    if json && !is_said {
        return document(&json!({
            "outcome": failure.recorded_as().name(),
            "error": lines[0],
            "causes": lines[1..],
            "advice": failure.advice(),
            "exit_code": failure.exit_code(),
        }));
    }
    let priority = match format {
        LogFormat::Text => "",
        LogFormat::Journald => "<3>",
        LogFormat::Json => {
            let (causes, advice) = (lines[1..].join(": "), failure.advice());
            return tracing::error!(causes, advice, "{}", lines[0]);
        }
    };
    let mut stderr = io::stderr().lock();
    for (text, prefix) in lines
        .iter()
        .zip(std::iter::once("error: ").chain(std::iter::repeat("  because ")))
    {
        let _ = writeln!(stderr, "{priority}{prefix}{text}");
    }
    if let Some(advice) = failure.advice() {
        let _ = writeln!(stderr, "{priority}  try: {advice}");
    }
}
