//! `horde completions`

use std::io;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;

/// Print completions for a shell
///
/// Example: horde completions bash > /usr/share/bash-completion/completions/horde
#[derive(Debug, Args)]
pub(crate) struct Completions {
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self) {
        clap_complete::generate(self.shell, &mut Cli::command(), "horde", &mut io::stdout());
    }
}
