//! Logs to stderr: text for people, JSON for machines, priorities for journald.
//! Lines and progress bars share the terminal without tearing each other.

use std::io::{self, IsTerminal, Write};

use indicatif::{MultiProgress, ProgressDrawTarget};
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::cli::{LogFormat, Shared};

/// Starts logging, and gives back where progress bars are drawn. A rehearsal runs hundreds of
/// passes and tells its own story, so that only errors are logged unless more is asked for.
pub(crate) fn start(shared: &Shared, is_rehearsal: bool) -> MultiProgress {
    let terminal = io::stderr().is_terminal();
    let format = format(shared);
    let target = match terminal && !shared.quiet && format == LogFormat::Text {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let bars = MultiProgress::with_draw_target(target);
    let is_coloured =
        terminal && !shared.no_color && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let writer = Lines {
        bars: bars.clone(),
        priorities: format == LogFormat::Journald,
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter(shared, is_rehearsal))
        .with_ansi(is_coloured)
        .with_target(false)
        .with_writer(writer);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
        LogFormat::Journald => lines.without_time().with_level(false).init(),
    }
    bars
}

/// The form that was asked for, or the one that fits where stderr goes.
pub(crate) fn format(shared: &Shared) -> LogFormat {
    shared.log_format.unwrap_or_else(|| {
        // systemd sets this for services whose stderr goes to the journal
        match std::env::var_os("JOURNAL_STREAM").is_some() && !io::stderr().is_terminal() {
            true => LogFormat::Journald,
            false => LogFormat::Text,
        }
    })
}

fn filter(shared: &Shared, is_rehearsal: bool) -> EnvFilter {
    let level = match (shared.quiet || is_rehearsal, shared.verbose) {
        (true, 0) => "error",
        (false, 0) => "warn,horde_validator=info,horde=info",
        (_, 1) => "info,horde_validator=debug,horde=debug",
        // libraries tell at debug which addresses they ask, with the keys in them
        (_, _) => "info,horde_validator=trace,horde=trace",
    };
    EnvFilter::builder()
        .with_env_var("HORDE_LOG")
        .try_from_env()
        .unwrap_or_else(|_| level.into())
}

/// Writes whole lines above the progress bars.
struct Lines {
    bars: MultiProgress,
    priorities: bool,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Line {
            bars: &self.bars,
            text: Vec::new(),
        }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Self::Writer {
        let mut line = self.make_writer();
        if self.priorities {
            line.text.extend_from_slice(priority(*metadata.level()));
        }
        line
    }
}

/// The prefix by which journald knows a line's priority.
fn priority(level: Level) -> &'static [u8] {
    match level {
        Level::ERROR => b"<3>",
        Level::WARN => b"<4>",
        Level::INFO => b"<6>",
        Level::DEBUG | Level::TRACE => b"<7>",
    }
}

struct Line<'a> {
    bars: &'a MultiProgress,
    text: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        self.bars.suspend(|| {
            // a log that cannot be written cannot be complained about
            let _ = io::stderr().lock().write_all(&self.text);
        });
    }
}
