//! `horde man`

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_mangen::Man as Page;
use horde_validator::pass::Failure;

use crate::cli::Cli;
use crate::output;

/// Print the manual page, or write one per subcommand
///
/// Example: horde man --folder /usr/local/share/man/man1
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write horde.1, horde-status.1 and so on into this folder
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut command = Cli::command();
        let Some(folder) = &self.folder else {
            let mut page = Vec::new();
            Page::new(command)
                .render(&mut page)
                .expect("memory takes what is written to it");
            output::line(String::from_utf8_lossy(&page).trim_end());
            return Ok(());
        };
        command.build();
        clap_mangen::generate_to(command, folder).map_err(|error| Failure::Input {
            path: folder.clone(),
            finding: error.to_string(),
        })
    }
}
