//! `horde migrate`

use clap::Args;
use horde_validator::pass::Failure;
use horde_validator::settings::Environment;
use horde_validator::store::Store;
use serde_json::json;

use crate::output;

/// Bring the database up to date, or make a new one
///
/// Every pass does this for an existing database by itself; only this command makes a new one.
/// A database of a newer program is refused and left untouched.
#[derive(Debug, Args)]
pub(crate) struct Migrate {}

impl Migrate {
    pub(crate) fn run(&self, environment: &Environment, json: bool) -> Result<(), Failure> {
        let path = environment.database();
        let is_new = !path.exists();
        let store = Store::open_or_create(&path)?;
        let version = store.version()?;
        if json {
            output::document(&json!({"database": path, "version": version, "created": is_new}));
        } else {
            let made = if is_new { "made" } else { "is up to date" };
            output::line(format_args!("{} {made}, version {version}", path.display()));
        }
        Ok(())
    }
}
