//! One pass of `set-weights`, step by step. The steps stand in files of their own; here is their
//! order, and what the pass says in the end.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use tracing::info;

use super::{WeightsError, place, preview, reconcile, reveal, settle};
use crate::chain::{Chain, Snapshot, Subnet, Written};
use crate::keys::Keypair;
use crate::pass::{self, Failure, Frame, Outcome, Pass};
use crate::store::{ChainSeen, WeightsId, WeightsState};
use crate::wire::event::{Event, EventSubtype, EventType};

/// One pass tries for so long at most; the next timer tick goes on.
const LIMIT: Duration = Duration::from_secs(600);

#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Show the weights and the reason for each, send nothing.
    pub dry_run: bool,
    /// Make weights also of a batch that fewer than half of the miners answered.
    pub accept_incomplete: bool,
}

/// One pass of `set-weights`: set, commit or reveal, whichever is due.
pub async fn run(frame: &Frame, options: Options) -> Result<Outcome, Failure> {
    pass::run("set-weights", frame, async |pass| {
        if !pass.is_serving() {
            return Ok(Outcome::idle(
                "this server is not serving: no weights are written",
            ));
        }
        let signer = pass.hotkey()?;
        let chain = pass.connect().await?;
        let deadline = Instant::now() + LIMIT;
        let mut writing = Writing {
            pass,
            chain,
            signer,
            options,
            deadline,
            said: Vec::new(),
            is_open: false,
        };
        writing.run().await
    })
    .await
}

/// A pass while it writes.
pub(super) struct Writing<'a> {
    pub(super) pass: &'a mut Pass,
    pub(super) chain: Chain,
    pub(super) signer: Keypair,
    pub(super) options: Options,
    pub(super) deadline: Instant,
    /// What was done, one line each.
    pub(super) said: Vec<String>,
    /// What this pass sent may still be included: it sends nothing else.
    pub(super) is_open: bool,
}

/// The chain as it is now, read at one block.
pub(super) struct View {
    pub(super) head: Snapshot,
    pub(super) subnet: Subnet,
    pub(super) written: Written,
}

impl View {
    /// The first block that something sent now can land in.
    pub(super) fn next_block(&self) -> u64 {
        self.head.block() + 1
    }
}

impl Writing<'_> {
    async fn run(&mut self) -> Result<Outcome, Failure> {
        let view = self.look().await?;
        self.note(&view)?;
        if view.written.uid.is_none() {
            let hotkey = self.signer.hotkey().to_string();
            return Err(WeightsError::NotRegistered {
                hotkey,
                netuid: view.subnet.netuid,
            }
            .into());
        }
        if self.options.dry_run {
            return preview::preview(self, &view).await;
        }
        if settle::pending(self).await? == settle::Settled::StillOpen {
            return Ok(Outcome::idle(
                "an extrinsic of an earlier pass may still be included: waiting",
            ));
        }
        // a row that gets nowhere must not keep the others from the chain
        let mut lost = None;
        for row in self.pass.store.open_weights()? {
            if row.state == WeightsState::Placed {
                keep_first_loss(&mut lost, reveal::advance(self, row).await)?;
            }
            if self.is_open {
                return Ok(Outcome::idle("the extrinsic may still be included"));
            }
        }
        let view = self.look().await?;
        reconcile::unknown_writes(self, &view)?;
        let placed = place::advance(self).await;
        let waiting_for = match placed {
            Ok(waiting_for) => waiting_for,
            Err(failure) => {
                keep_first_loss(&mut lost, Err(failure))?;
                None
            }
        };
        if let Some(failure) = lost {
            return Err(failure);
        }
        if !self.said.is_empty() {
            let view = self.look().await?;
            self.note(&view)?;
        }
        Ok(self.outcome(view.head.block(), waiting_for))
    }

    /// Keeps what the operator is shown of the chain while nobody asks it.
    fn note(&mut self, view: &View) -> Result<(), Failure> {
        let block_time = view.head.block_time()?.as_millis();
        Ok(self.pass.store.note_chain(&ChainSeen {
            at: self.pass.now(),
            block: view.head.block(),
            tempo: view.subnet.tempo,
            // 0 stands for never
            last_update: view.written.last_update.filter(|block| *block > 0),
            hotkey: Some(self.signer.hotkey().to_string()),
            block_time_ms: u32::try_from(block_time).unwrap_or(u32::MAX),
        })?)
    }

    fn outcome(&self, block: u64, waiting_for: Option<String>) -> Outcome {
        let details = json!({"block": block, "done": self.said, "waiting_for": waiting_for});
        let outcome = match (&self.said[..], waiting_for) {
            ([], None) => Outcome::idle("no weights are due"),
            ([], Some(reason)) => Outcome::idle(reason),
            (said, _) => Outcome::done(said.join("; ")),
        };
        outcome.with_details(details)
    }

    /// The newest block. A node behind our own last write does not know of it, and all that
    /// follows would be decided as if it had never been.
    pub(super) async fn head(&self) -> Result<Snapshot, Failure> {
        let head = self.pass.fresh_head(&self.chain).await?;
        let block = head.block();
        match self.pass.store.newest_written_block()? {
            Some(written) if block < written => {
                Err(WeightsError::NodeBehind { block, written }.into())
            }
            _ => Ok(head),
        }
    }

    /// Reads what decides, at the newest block.
    pub(super) async fn look(&self) -> Result<View, Failure> {
        let head = self.head().await?;
        let subnet = self.pass.subnet(&head).await?;
        let written = head.written(&subnet, &self.signer.hotkey()).await?;
        Ok(View {
            head,
            subnet,
            written,
        })
    }

    pub(super) fn say(&mut self, text: impl Into<String>) {
        let text = text.into();
        info!("{text}");
        self.said.push(text);
    }

    pub(super) fn success(&self, subtype: EventSubtype, weights: WeightsId, text: &str) -> Event {
        Event::new(
            EventType::WeightSettingSuccess,
            subtype,
            self.pass.now(),
            text,
        )
        .with("weights", weights.number())
    }

    pub(super) fn failure(&self, subtype: EventSubtype, weights: WeightsId, text: &str) -> Event {
        Event::new(
            EventType::WeightSettingFailure,
            subtype,
            self.pass.now(),
            text,
        )
        .with("weights", weights.number())
    }

    /// Of batches from which no weights were made.
    pub(super) fn about_batches(&self, subtype: EventSubtype, text: &str) -> Event {
        let kind = EventType::WeightSettingFailure;
        Event::new(kind, subtype, self.pass.now(), text)
    }

    /// Ends the row, with the event, and gives back what the pass fails with.
    pub(super) fn give_up(&mut self, weights: WeightsId, reason: String) -> Failure {
        let event = self.failure(EventSubtype::GivingUp, weights, &reason);
        match self.pass.store.give_up_weights(weights, &reason, &event) {
            Ok(()) => WeightsError::GivenUp {
                weights: weights.number(),
                reason,
            }
            .into(),
            Err(error) => error.into(),
        }
    }
}

/// Keeps the first failure of one row; any other ends the pass.
fn keep_first_loss(lost: &mut Option<Failure>, step: Result<(), Failure>) -> Result<(), Failure> {
    match step {
        Err(
            failure @ Failure::Weights(
                WeightsError::GivenUp { .. }
                | WeightsError::Refused { .. }
                | WeightsError::Lost { .. },
            ),
        ) => {
            lost.get_or_insert(failure);
            Ok(())
        }
        other => other,
    }
}

/// How often and how fast something is tried again within one pass.
pub(super) struct Patience {
    attempts: u32,
    made: u32,
    backoff: Duration,
    deadline: Instant,
}

impl Patience {
    pub(super) fn new(attempts: u32, backoff: Duration, deadline: Instant) -> Self {
        Self {
            attempts,
            made: 0,
            backoff,
            deadline,
        }
    }

    pub(super) fn made(&self) -> u32 {
        self.made
    }

    /// Counts a failed attempt and waits; false: that was the last one.
    pub(super) async fn pause(&mut self, pass: &Pass) -> Result<bool, Failure> {
        self.made += 1;
        if self.made >= self.attempts || Instant::now() + self.backoff >= self.deadline {
            return Ok(false);
        }
        tokio::select! {
            () = tokio::time::sleep(self.backoff) => Ok(true),
            () = pass.stop.cancelled() => Err(Failure::Interrupted),
        }
    }
}
