//! The desk of a relay: takes each job once, gives it to a task of its own, and keeps what
//! becomes of it. Every job that was taken ends with exactly one last message to the facilitator.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::{Id, JoinSet};
use tracing::{Instrument, debug, error, info, info_span, warn};

use super::drive::{Limits, Step, drive};
use super::ended::{Ended, Verdict};
use super::order::Order;
use super::tell;
use crate::keys::Keypair;
use crate::miner::{Caller, Clock, LargeMessages, MinerAddress, Moment, Tap};
use crate::pass::{Failure, Pass};
use crate::store::{IntentId, NewOrganicJob, OrganicEnd, OrganicJobId, TELL_STATUS};
use crate::wire::ToFacilitator;
use crate::wire::event::{Event, EventSubtype, EventType};

/// Jobs at the same time. A job takes up to 300 s, so this is far above what users ask for.
const MOST_JOBS: usize = 1_000;
/// A uuid has 36 characters; names of another kind may be somewhat longer.
const LONGEST_UUID: usize = 128;

/// A message to the facilitator that is on disk.
pub(super) type Kept = (IntentId, Value);

/// How many jobs came to which end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) taken: u32,
    pub(super) completed: u32,
    pub(super) failed: u32,
    pub(super) rejected: u32,
}

/// A step that a running job has reached.
pub(super) struct Report {
    job: OrganicJobId,
    step: Step,
}

struct Running {
    job: OrganicJobId,
    uuid: String,
    address: MinerAddress,
}

pub(super) struct Desk {
    keypair: Arc<Keypair>,
    limits: Limits,
    /// Gets every job, whoever it was meant for.
    only: Option<MinerAddress>,
    /// Where miners listen, by hotkey.
    addresses: HashMap<String, MinerAddress>,
    room: LargeMessages,
    /// Says no to new jobs, and why.
    closed: Option<&'static str>,
    running: HashMap<Id, Running>,
    tasks: JoinSet<Ended>,
    reporter: mpsc::UnboundedSender<Report>,
    reports: mpsc::UnboundedReceiver<Report>,
    pub(super) counts: Counts,
}

/// What has happened at the desk.
pub(super) enum Happened {
    Reported(Report),
    Ended(Id, Result<Ended, String>),
}

impl Desk {
    pub(super) fn new(keypair: Keypair, limits: Limits, only: Option<MinerAddress>) -> Self {
        let (reporter, reports) = mpsc::unbounded_channel();
        Self {
            keypair: Arc::new(keypair),
            limits,
            only,
            addresses: HashMap::new(),
            room: LargeMessages::default(),
            closed: None,
            running: HashMap::new(),
            tasks: JoinSet::new(),
            reporter,
            reports,
            counts: Counts::default(),
        }
    }

    pub(super) fn know(&mut self, miners: Vec<MinerAddress>) {
        self.addresses = miners
            .into_iter()
            .map(|miner| (miner.hotkey.clone(), miner))
            .collect();
    }

    /// Takes no more jobs from now on.
    pub(super) fn close(&mut self, why: &'static str) {
        self.closed.get_or_insert(why);
    }

    pub(super) fn running(&self) -> usize {
        self.running.len()
    }

    /// Jobs that an earlier pass left unfinished, because it was killed, have failed.
    pub(super) fn give_up_lost(&mut self, pass: &mut Pass) -> Result<(), Failure> {
        for row in pass.store.running_organic_jobs()? {
            warn!(job = row.uuid, "a killed pass left this job unfinished");
            let comment = "the validator was restarted while the job ran";
            let ended = Ended::before_it_began(Verdict::Lost, comment);
            self.keep(pass, row.id, &row.uuid, &row.hotkey, None, ended)?;
        }
        Ok(())
    }

    /// Takes a job, unless it was taken before. Returns what the facilitator is to be told now.
    pub(super) fn take(
        &mut self,
        pass: &mut Pass,
        mut order: Order,
    ) -> Result<Option<Kept>, Failure> {
        if order.uuid.is_empty() || order.uuid.len() > LONGEST_UUID {
            warn!("a job without a usable uuid was ignored");
            return Ok(None);
        }
        if let Some(only) = &self.only {
            order.miner_hotkey.clone_from(&only.hotkey);
        }
        let job = NewOrganicJob {
            uuid: &order.uuid,
            hotkey: &order.miner_hotkey,
            executor_class: order.executor_class.name(),
            description: &order.description(),
        };
        let Some(job) = pass.store.take_organic_job(&job, pass.now())? else {
            warn!(job = order.uuid, "this job was taken before: not run again");
            return Ok(None);
        };
        self.counts.taken += 1;
        match self.place(pass, &order)? {
            Ok(address) => {
                self.begin(pass, job, order, address);
                Ok(None)
            }
            Err(refused) => {
                let (uuid, hotkey) = (order.uuid, order.miner_hotkey);
                self.keep(pass, job, &uuid, &hotkey, None, refused)
            }
        }
    }

    /// Where the job is to be done, or why nowhere.
    fn place(&self, pass: &Pass, order: &Order) -> Result<Result<MinerAddress, Ended>, Failure> {
        let refused = |comment: String| Ok(Err(Ended::before_it_began(Verdict::Refused, comment)));
        if let Some(why) = self.closed {
            return refused(why.to_owned());
        }
        if self.running.len() >= MOST_JOBS {
            return refused(format!("this validator already runs {MOST_JOBS} jobs"));
        }
        if let Some(only) = &self.only {
            return Ok(Ok(only.clone()));
        }
        if pass.store.block_of(&order.miner_hotkey)?.is_some() {
            return refused("the miner is blocked by this validator".to_owned());
        }
        Ok(match self.addresses.get(&order.miner_hotkey) {
            Some(address) => Ok(address.clone()),
            None => {
                let comment = "the miner is not registered on the subnet, or does not serve";
                Err(Ended::before_it_began(Verdict::NoConnection, comment))
            }
        })
    }

    fn begin(&mut self, pass: &Pass, job: OrganicJobId, order: Order, address: MinerAddress) {
        debug!(
            job = order.uuid,
            miner = address.hotkey,
            class = order.executor_class.name(),
            "job taken"
        );
        let running = Running {
            job,
            uuid: order.uuid.clone(),
            address: address.clone(),
        };
        let caller = Caller {
            keypair: self.keypair.clone(),
            limits: self.limits.miner,
            clock: Clock::showing(pass.now()),
            room: self.room.clone(),
            tap: Tap::default(),
        };
        let (limits, reporter) = (self.limits, self.reporter.clone());
        let span = info_span!("job", uuid = order.uuid, miner = address.hotkey);
        let driven = async move {
            drive(&order, address, caller, limits, |step, _: Moment| {
                // the desk outlives its tasks
                let _ = reporter.send(Report { job, step });
            })
            .await
        };
        let task = self.tasks.spawn(driven.instrument(span));
        self.running.insert(task.id(), running);
    }

    /// Waits for the next report or end of a job; forever if none runs.
    pub(super) async fn next(&mut self) -> Happened {
        tokio::select! {
            biased;
            Some(report) = self.reports.recv() => Happened::Reported(report),
            Some(ended) = self.tasks.join_next_with_id() => match ended {
                Ok((id, ended)) => Happened::Ended(id, Ok(ended)),
                Err(panic) => Happened::Ended(panic.id(), Err(panic.to_string())),
            },
            else => std::future::pending().await,
        }
    }

    /// Keeps what has happened. Returns what the facilitator is to be told now.
    pub(super) fn handle(
        &mut self,
        pass: &mut Pass,
        happened: Happened,
    ) -> Result<Option<Kept>, Failure> {
        match happened {
            Happened::Reported(Report { job, step }) => self.note(pass, job, step),
            Happened::Ended(id, ended) => {
                let Some(running) = self.running.remove(&id) else {
                    return Ok(None);
                };
                let ended = ended.unwrap_or_else(|panic| {
                    error!(job = running.uuid, panic, "the task of a job died");
                    Ended::before_it_began(Verdict::Lost, "the validator had a fault of its own")
                });
                let Running { job, uuid, address } = running;
                self.keep(pass, job, &uuid, &address.hotkey, Some(&address), ended)
            }
        }
    }

    fn note(
        &self,
        pass: &mut Pass,
        job: OrganicJobId,
        step: Step,
    ) -> Result<Option<Kept>, Failure> {
        let running = self.running.values().find(|running| running.job == job);
        let (Some(running), Step::Ready) = (running, step) else {
            return Ok(None);
        };
        let told = detail(&tell::accepted(&running.uuid));
        let (kind, subject, now) = (TELL_STATUS, job.number(), pass.now());
        let id = pass.store.intend(kind, subject, &told, now)?;
        Ok(Some((id, told)))
    }

    fn keep(
        &mut self,
        pass: &mut Pass,
        job: OrganicJobId,
        uuid: &str,
        hotkey: &str,
        address: Option<&MinerAddress>,
        ended: Ended,
    ) -> Result<Option<Kept>, Failure> {
        match ended.verdict {
            Verdict::Completed => self.counts.completed += 1,
            Verdict::Rejected | Verdict::Refused => self.counts.rejected += 1,
            _ => self.counts.failed += 1,
        }
        info!(
            job = uuid,
            miner = hotkey,
            "job ended: {} ({})",
            ended.verdict.status().name(),
            ended.comment
        );
        let told = detail(&tell::ended(uuid, &ended));
        let events = events(uuid, hotkey, &ended, pass);
        let (stdout, stderr) = ended.outputs();
        let end = OrganicEnd {
            is_completed: ended.verdict.is_completed(),
            comment: ended.comment.clone(),
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
            exit_status: ended.exit_status(),
            times: times(&ended),
            address: address.map(|miner| (miner.host.clone(), miner.ip_version(), miner.port)),
        };
        let now = pass.now();
        let receipts = &ended.receipts;
        let id = pass
            .store
            .end_organic_job(job, &end, &told, &events, receipts, now)?;
        Ok(id.map(|id| (id, told)))
    }
}

/// As it stands in the database until it is delivered.
fn detail(message: &ToFacilitator) -> Value {
    serde_json::to_value(message).expect("texts are JSON")
}

fn times(ended: &Ended) -> BTreeMap<&'static str, i64> {
    let times = ended.times.iter();
    times.map(|(step, at)| (*step, at.unix_us())).collect()
}

fn events(uuid: &str, hotkey: &str, ended: &Ended, pass: &Pass) -> Vec<Event> {
    let now = pass.now();
    let about = |(kind, subtype), description: &str| {
        Event::new(kind, subtype, now, description)
            .with("job_uuid", uuid)
            .with("miner_hotkey", hotkey)
    };
    let mishaps = ended.mishaps.iter().map(|mishap| {
        let kind = match mishap.subtype {
            EventSubtype::ReceiptSendError => EventType::ReceiptFailure,
            _ => EventType::MinerOrganicJobFailure,
        };
        about((kind, mishap.subtype), &mishap.description)
    });
    let end = about(ended.verdict.event(), &ended.comment);
    mishaps.chain(std::iter::once(end)).collect()
}
