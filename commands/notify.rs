//! `horde notify`

use clap::Args;
use horde_validator::notify::{self, Unit};
use horde_validator::pass::{Failure, Frame, Outcome};

use crate::signals;

/// Tell by mail that a unit has failed
///
/// systemd starts this when a unit of the validator fails, and every hour without a UNIT, to tell of
/// passes that have kept failing for an hour, for whatever reason. The mail goes to EMAIL_TARGET and
/// says what `horde status` says; about the same unit at most one in six hours.
/// HORDE_HEALTHCHECK_URL is called, too.
///
/// Example: horde notify set-weights
#[derive(Debug, Args)]
pub(crate) struct Notify {
    /// The unit's name, without horde- and .service [default: those that keep failing]
    unit: Option<Unit>,
}

impl Notify {
    pub(crate) fn run(&self, frame: &Frame) -> Result<Outcome, Failure> {
        signals::runtime().block_on(async {
            match &self.unit {
                Some(unit) => notify::run(frame, unit).await,
                None => notify::look(frame).await,
            }
        })
    }
}
