//! One pass of `relay-organic`: one line to the facilitator, kept up until the pass is told to
//! end; jobs come in, what becomes of them goes out. Whatever was not delivered when the pass
//! ends, or is killed, is on disk for the next one.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, interval, sleep_until, timeout_at};
use tracing::{debug, info, warn};

use super::addresses::{Addresses, Neurons};
use super::desk::{Counts, Desk, Kept};
use super::drive::Limits;
use super::order::Order;
use crate::facilitator::{self, Epoch, FacilitatorError, Line, LineEvent, Outgoing};
use crate::miner::MinerAddress;
use crate::params::Params;
use crate::pass::{self, Failure, Frame, Outcome, Pass, VERSION};
use crate::store::{FacilitatorSeen, IntentId, IntentState};
use crate::wire::event::{Event, EventSubtype, EventType};
use crate::wire::facilitator::{FromFacilitator, Response, ResponseStatus};

const NAME: &str = "relay-organic";
/// The last jobs of a pass may take so long: to connect, to run, to be told.
const GRACE: Duration = Duration::from_secs(600);
/// How long the line may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(3);
/// How long the last messages are tried to be delivered; after that, the next pass does it.
const LAST_DELIVERY: Duration = Duration::from_secs(15);
/// Failures in a row until the pass ends, so that the operator sees it: before there was a
/// connection, and after.
const MOST_FAILURES: (u32, u32) = (3, 7);
/// Looks for what other passes have changed.
const LOOK_AROUND: Duration = Duration::from_secs(30);
/// Unreadable messages that become events; beyond that they are only counted.
const MOST_COMPLAINTS: u32 = 20;

#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How long to take jobs; `None`: until told to stop.
    pub window: Option<Duration>,
    /// Sends every job there, whoever it was meant for.
    pub only: Option<MinerAddress>,
}

/// One pass of `relay-organic`.
pub async fn run(frame: &Frame, options: Options) -> Result<Outcome, Failure> {
    pass::run_with_grace(NAME, frame, GRACE, async |pass| {
        if !pass.is_serving() {
            let summary = "this server is not serving: no jobs are taken";
            return Ok(Outcome::idle(summary));
        }
        Relay::begin(pass, options).await?.run().await
    })
    .await
}

struct Relay<'a> {
    pass: &'a mut Pass,
    desk: Desk,
    line: Line<IntentId>,
    /// The line has ended for good.
    is_cut: bool,
    /// The present connection, if there is one.
    up: Option<Epoch>,
    was_up: bool,
    connections: u32,
    /// Handed to the present connection, not yet proven to be delivered.
    unproven: HashSet<IntentId>,
    addresses: Addresses,
    complaints: u32,
    /// No more jobs are taken; what ended the line for good, if that is why.
    ending: Option<Option<FacilitatorError>>,
    deadline: Option<Instant>,
}

impl<'a> Relay<'a> {
    async fn begin(pass: &'a mut Pass, options: Options) -> Result<Self, Failure> {
        let keypair = pass.hotkey()?;
        let scale = pass.environment.batch_time_scale().unwrap_or(1.0);
        let (version, runner_version) = pass.environment.told_versions();
        let caller = facilitator::Caller {
            uri: pass.environment.facilitator().to_owned(),
            keypair: Arc::new(keypair.clone()),
            version: version.unwrap_or(VERSION).to_owned(),
            runner_version: runner_version.unwrap_or(VERSION).to_owned(),
            limits: facilitator::Limits::PRODUCTION.scaled(scale),
        };
        let limits = Limits::PRODUCTION.scaled(scale);
        let mut desk = Desk::new(keypair, limits, options.only.clone());
        desk.give_up_lost(pass)?;
        let (addresses, miners) = match &options.only {
            Some(_) => (Addresses::given(), Vec::new()),
            None => Addresses::first(pass).await?,
        };
        desk.know(miners);
        let failures = pass.store.unreachable_in_a_row(NAME)?;
        Ok(Self {
            line: Line::open(caller, failures),
            desk,
            is_cut: false,
            up: None,
            was_up: false,
            connections: 0,
            unproven: HashSet::new(),
            addresses,
            complaints: 0,
            ending: None,
            deadline: options.window.map(|window| Instant::now() + window),
            pass,
        })
    }

    async fn run(mut self) -> Result<Outcome, Failure> {
        let stop = self.pass.stop.clone();
        let mut stopped = pin!(stop.cancelled());
        let mut look_around = interval(LOOK_AROUND);
        while self.ending.is_none() || self.desk.running() > 0 {
            let deadline = self.deadline.unwrap_or_else(far_away);
            tokio::select! {
                event = self.line.events.recv(), if !self.is_cut => self.hear(event)?,
                happened = self.desk.next() => {
                    let kept = self.desk.handle(self.pass, happened)?;
                    self.tell(kept);
                }
                () = &mut stopped, if self.ending.is_none() => {
                    self.end("this validator is being stopped", None);
                }
                () = sleep_until(deadline), if self.ending.is_none() => {
                    self.end("the time of this pass is over", None);
                }
                _ = look_around.tick() => self.look_around()?,
                read = self.addresses.next() => self.learn(read)?,
            }
        }
        self.deliver_the_rest().await?;
        self.hang_up().await?;
        let failure = self.ending.take().flatten();
        let outcome = self.outcome()?;
        let seen = FacilitatorSeen {
            at: self.pass.now(),
            is_connected: false,
            finding: match &failure {
                None => "the relay has ended".to_owned(),
                Some(error) => error.to_string(),
            },
        };
        self.pass.store.note_facilitator(seen)?;
        match failure {
            None => Ok(outcome),
            Some(error) => Err(error.into()),
        }
    }

    /// Takes no more jobs from now on.
    fn end(&mut self, why: &'static str, error: Option<FacilitatorError>) {
        let running = self.desk.running();
        info!(running, "no more jobs are taken: {why}");
        self.desk.close(why);
        self.ending.get_or_insert(error);
    }

    fn hear(&mut self, event: Option<LineEvent<IntentId>>) -> Result<(), Failure> {
        match event {
            Some(LineEvent::Up(epoch)) => self.come_up(epoch),
            Some(LineEvent::Said(said)) => self.listen(*said),
            Some(LineEvent::Unreadable(malformed, start)) => {
                self.complain(format!("{malformed}: {start}"))
            }
            Some(LineEvent::Delivered(id)) => self.settle(id),
            Some(LineEvent::Down { error, failures }) => self.go_down(error, failures),
            // its last event was the reason
            None => {
                self.is_cut = true;
                self.up = None;
                Ok(())
            }
        }
    }

    fn come_up(&mut self, epoch: Epoch) -> Result<(), Failure> {
        info!("connected to the facilitator");
        self.up = Some(epoch);
        self.was_up = true;
        self.connections += 1;
        self.unproven.clear();
        self.note_line(None)?;
        self.tell_all()
    }

    fn go_down(&mut self, error: FacilitatorError, failures: u32) -> Result<(), Failure> {
        let was_up = self.up.take().is_some();
        self.unproven.clear();
        warn!(failures, "{error}");
        self.note_line(Some(&error))?;
        if was_up || !error.is_passing() {
            let subtype = match error {
                FacilitatorError::Refused(_) | FacilitatorError::NoAnswer(_) => {
                    EventSubtype::Unauthorized
                }
                FacilitatorError::Silent(_) => EventSubtype::HeartbeatError,
                _ => EventSubtype::GenericError,
            };
            self.keep_event(subtype, error.to_string())?;
        }
        let (first, later) = MOST_FAILURES;
        let most = if self.was_up { later } else { first };
        let is_hopeless = failures >= most && self.desk.running() == 0;
        if !error.is_passing() || is_hopeless {
            self.end("the facilitator cannot be reached", Some(error));
        }
        Ok(())
    }

    fn listen(&mut self, said: FromFacilitator) -> Result<(), Failure> {
        let order = match said {
            FromFacilitator::Response(Response { status, errors }) => {
                if status == ResponseStatus::Error {
                    let told: Vec<&str> = errors.iter().map(|error| error.msg.as_str()).collect();
                    let told: String = told.join("; ").chars().take(300).collect();
                    let text = format!("the facilitator reports an error: {}", told.escape_debug());
                    return self.complain(text);
                }
                return Ok(());
            }
            FromFacilitator::JobV0(request) => Order::from(request),
            FromFacilitator::JobV1(request) => Order::from(request),
        };
        let kept = self.desk.take(self.pass, order)?;
        self.tell(kept);
        Ok(())
    }

    /// Something that only the facilitator can put right.
    fn complain(&mut self, text: String) -> Result<(), Failure> {
        self.complaints += 1;
        if self.complaints > MOST_COMPLAINTS {
            debug!("{text}");
            return Ok(());
        }
        warn!("{text}");
        self.keep_event(EventSubtype::UnexpectedMessage, text)
    }

    fn keep_event(&mut self, subtype: EventSubtype, text: String) -> Result<(), Failure> {
        let kind = EventType::FacilitatorClientError;
        let event = Event::new(kind, subtype, self.pass.now(), text);
        Ok(self.pass.store.keep_event(&event)?)
    }

    fn note_line(&mut self, error: Option<&FacilitatorError>) -> Result<(), Failure> {
        let seen = FacilitatorSeen {
            at: self.pass.now(),
            is_connected: error.is_none(),
            finding: error.map(ToString::to_string).unwrap_or_default(),
        };
        Ok(self.pass.store.note_facilitator(seen)?)
    }

    /// Hands a message to the present connection; without one it waits on disk.
    fn tell(&mut self, kept: Option<Kept>) {
        let (Some((id, message)), Some(epoch)) = (kept, self.up) else {
            return;
        };
        if self.unproven.insert(id) {
            let text = message.to_string();
            self.line.send(Outgoing { epoch, id, text });
        }
    }

    /// Hands over everything that was never delivered, oldest first.
    fn tell_all(&mut self) -> Result<(), Failure> {
        for intent in self.pass.store.pending_intents("facilitator.")? {
            self.tell(Some((intent.id, intent.detail)));
        }
        Ok(())
    }

    fn settle(&mut self, id: IntentId) -> Result<(), Failure> {
        let mut delivered = vec![id];
        // what is there already is settled in one transaction
        while let Ok(event) = self.line.events.try_recv() {
            match event {
                LineEvent::Delivered(id) => delivered.push(id),
                other => {
                    self.settle_all(&delivered)?;
                    return self.hear(Some(other));
                }
            }
        }
        self.settle_all(&delivered)
    }

    fn settle_all(&mut self, delivered: &[IntentId]) -> Result<(), Failure> {
        let (state, now) = (IntentState::Done, self.pass.now());
        self.pass
            .store
            .settle_all(delivered, state, "delivered", now)?;
        delivered.iter().for_each(|id| {
            self.unproven.remove(id);
        });
        Ok(())
    }

    /// What other passes have changed meanwhile: messages of theirs, and whether we serve.
    fn look_around(&mut self) -> Result<(), Failure> {
        let (params, _) = Params::from_overrides(self.pass.store.params()?);
        self.pass.params = params;
        if !self.pass.is_serving() && self.ending.is_none() {
            self.end("this server does not serve any more", None);
        }
        self.tell_all()
    }

    fn learn(&mut self, read: Result<Neurons, Failure>) -> Result<(), Failure> {
        match read {
            Ok(neurons) => {
                self.desk.know(neurons.keep(self.pass)?);
                Ok(())
            }
            Err(failure) if failure.is_passing() => {
                warn!(%failure, "the addresses of miners could not be read anew");
                let event = Event::new(
                    EventType::ValidatorMinersRefresh,
                    EventSubtype::SubtensorConnectivityError,
                    self.pass.now(),
                    failure.to_string(),
                );
                Ok(self.pass.store.keep_event(&event)?)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Waits a little for the proof that the last messages were read.
    async fn deliver_the_rest(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + LAST_DELIVERY;
        while self.up.is_some() && !self.unproven.is_empty() {
            match timeout_at(deadline, self.line.events.recv()).await {
                Ok(event) => self.hear(event)?,
                Err(_) => break,
            }
        }
        Ok(())
    }

    /// Ends the line. A job that came over it until then is not lost: it is rejected, and the next
    /// pass tells so.
    async fn hang_up(&mut self) -> Result<(), Failure> {
        self.up = None;
        self.line.hang_up();
        let deadline = Instant::now() + FAREWELL;
        while let Ok(Some(event)) = timeout_at(deadline, self.line.events.recv()).await {
            if let LineEvent::Said(_) | LineEvent::Delivered(_) = event {
                self.hear(Some(event))?;
            }
        }
        Ok(())
    }

    fn outcome(&self) -> Result<Outcome, Failure> {
        let Counts {
            taken,
            completed,
            failed,
            rejected,
        } = self.desk.counts;
        let undelivered = self.pass.store.pending_intents("facilitator.")?.len();
        let left = match undelivered {
            0 => String::new(),
            n => format!("; {n} messages are left for the next pass"),
        };
        let summary = format!(
            "{taken} jobs taken: {completed} completed, {failed} failed, {rejected} rejected{left}"
        );
        Ok(Outcome::done(summary).with_details(json!({
            "jobs_taken": taken,
            "jobs_completed": completed,
            "jobs_failed": failed,
            "jobs_rejected": rejected,
            "connections": self.connections,
            "undelivered": undelivered,
        })))
    }
}

fn far_away() -> Instant {
    Instant::now() + Duration::from_secs(86_400 * 365)
}
