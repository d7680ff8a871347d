//! `horde config`

use clap::Args;
use horde_validator::pass::Failure;
use horde_validator::settings::{Environment, VARIABLES};
use serde_json::{Value, json};

use crate::output;

/// Show every setting, where it comes from and what it means
///
/// Precedence: flag, environment, file, default. Secrets are masked, and keys in the address of
/// a node are left out: nothing that is shown here is secret.
#[derive(Debug, Args)]
pub(crate) struct Config {}

impl Config {
    pub(crate) fn run(&self, environment: &Environment, json: bool) -> Result<(), Failure> {
        if json {
            let settings: serde_json::Map<String, Value> = VARIABLES
                .iter()
                .map(|variable| {
                    let (value, source) = environment.lookup(variable.name);
                    let entry = json!({
                        "value": value.map(|_| environment.shown(variable.name)),
                        "source": source.to_string(),
                        "default": variable.default,
                        "meaning": variable.meaning,
                    });
                    (variable.name.to_owned(), entry)
                })
                .collect();
            output::document(&Value::Object(settings));
            return Ok(());
        }
        for variable in VARIABLES {
            let (_, source) = environment.lookup(variable.name);
            output::line(format_args!(
                "{}={}",
                variable.name,
                environment.shown(variable.name)
            ));
            output::line(format_args!("    {} (from {source})", variable.meaning));
        }
        Ok(())
    }
}
