//! Progress bars. They draw where the command line says: on a terminal, or nowhere.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The bars of one pass.
#[derive(Clone, Debug)]
pub struct Progress {
    bars: MultiProgress,
}

impl Progress {
    pub fn hidden() -> Self {
        Self::on(MultiProgress::with_draw_target(ProgressDrawTarget::hidden()))
    }

    pub fn on(bars: MultiProgress) -> Self {
        Self { bars }
    }

    /// A bar that counts to `length`, removed when it is finished and dropped.
    pub fn bar(&self, label: impl Into<String>, length: u64) -> ProgressBar {
        self.drawn(
            "{msg:28} [{bar:30}] {pos:>5}/{len:<5} {elapsed}",
            label,
            length,
        )
    }

    /// A bar that counts bytes and shows how fast they move; 0: the length is told later.
    pub fn bytes(&self, label: impl Into<String>, length: u64) -> ProgressBar {
        let template =
            "{msg:28} [{bar:20}] {bytes:>10}/{total_bytes:<10} {bytes_per_sec:>12} {eta}";
        self.drawn(template, label, length)
    }

    fn drawn(&self, template: &str, label: impl Into<String>, length: u64) -> ProgressBar {
        let style = ProgressStyle::with_template(template)
            .expect("a fixed template")
            .progress_chars("=> ");
        self.bars
            .add(ProgressBar::new(length))
            .with_style(style)
            .with_message(label.into())
    }

    /// A line that says what is waited for.
    pub fn waiting(&self, label: impl Into<String>) -> ProgressBar {
        let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}")
            .expect("a fixed template")
            .tick_chars("|/-\\ ");
        let bar = self.bars.add(ProgressBar::new_spinner()).with_style(style);
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        bar.with_message(label.into())
    }
}
