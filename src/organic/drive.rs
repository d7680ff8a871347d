//! One job on one miner, from connecting to the last receipt (spec: organic jobs). Reports each
//! step as it is reached; stores nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use super::ended::{Ended, Mishap, Verdict};
use super::order::Order;
use crate::miner::{
    self, Acceptance, Caller, CloseReason, Closed, Final, JobAnswers, MinerAddress, MinerClient,
    Moment, Readiness,
};
use crate::store::ReceiptRow;
use crate::wire::event::EventSubtype;
use crate::wire::receipt::{FinishedReceipt, StartedReceipt};
use crate::wire::{ToMiner, number, time};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// From the moment the connection is up to the last answer.
    pub total: Duration,
    /// From the initial request to a ready executor.
    pub ready: Duration,
    /// For one receipt to be taken.
    pub receipt: Duration,
    pub miner: miner::Limits,
}

impl Limits {
    pub const PRODUCTION: Self = Self {
        total: Duration::from_secs(300),
        ready: Duration::from_secs(300),
        receipt: Duration::from_secs(5),
        miner: miner::Limits::ORGANIC,
    };

    /// What depends on the miner's patience times `factor`, for rehearsals.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let scaled = |limit: Duration| limit.mul_f64(factor).max(miner::Limits::LEAST.min(limit));
        Self {
            total: scaled(self.total),
            ready: scaled(self.ready),
            receipt: scaled(self.receipt),
            miner: self.miner.scaled(factor),
        }
    }
}

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Connected,
    Asked,
    /// The miner starts an executor.
    Accepted,
    /// The executor is ready; the job is sent next.
    Ready,
    Sent,
    /// The last answer is there.
    Answered,
}

impl Step {
    /// In records and for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Asked => "asked",
            Self::Accepted => "accepted",
            Self::Ready => "ready",
            Self::Sent => "sent",
            Self::Answered => "answered",
        }
    }
}

/// Drives a job to its end. Never fails: what goes wrong is in the end that it comes to.
pub async fn drive(
    order: &Order,
    address: MinerAddress,
    caller: Caller,
    limits: Limits,
    report: impl FnMut(Step, Moment),
) -> Ended {
    let client = MinerClient::connect(address, caller.clone());
    client.expect([order.uuid.clone()]);
    let mut drive = Drive {
        order,
        client: &client,
        caller,
        limits,
        report,
        receipts: Vec::new(),
        mishaps: Vec::new(),
        times: BTreeMap::new(),
    };
    let (verdict, comment, answer) = match drive.run_all().await {
        Ok((verdict, comment, answer)) => (verdict, comment, Some(answer)),
        Err(Stop(verdict, comment)) => (verdict, comment, None),
    };
    let ended = Ended {
        verdict,
        comment,
        answer,
        receipts: drive.receipts,
        mishaps: drive.mishaps,
        times: drive.times,
    };
    client.close().await;
    ended
}

/// An end before there was an answer.
struct Stop(Verdict, String);

struct Drive<'a, Report> {
    order: &'a Order,
    client: &'a MinerClient,
    caller: Caller,
    limits: Limits,
    report: Report,
    receipts: Vec<ReceiptRow>,
    mishaps: Vec<Mishap>,
    times: BTreeMap<&'static str, Moment>,
}

impl<Report: FnMut(Step, Moment)> Drive<'_, Report> {
    async fn run_all(&mut self) -> Result<(Verdict, String, Final), Stop> {
        self.client.connected().await.map_err(no_connection)?;
        let began = self.reach(Step::Connected, None);
        let deadline = Instant::now() + self.limits.total;
        self.get_ready(deadline).await?;
        self.reach(Step::Ready, None);
        self.send_started_receipt(deadline).await;
        let answer = self.run(deadline).await?;
        self.reach(Step::Answered, Some(answer.1));
        match answer.0 {
            Final::Finished(_) => {
                self.send_finished_receipt(began).await;
                let comment = "the job finished".to_owned();
                Ok((Verdict::Completed, comment, answer.0))
            }
            Final::Failed(ref failed) => {
                let comment = match failed.docker_process_exit_status {
                    Some(status) => format!("the job failed with exit status {status}"),
                    None => "the job failed without an exit status".to_owned(),
                };
                Ok((Verdict::Failed, comment, answer.0))
            }
        }
    }

    fn reach(&mut self, step: Step, at: Option<Moment>) -> Moment {
        let at = at.unwrap_or_else(|| self.caller.clock.now());
        self.times.insert(step.name(), at);
        (self.report)(step, at);
        at
    }

    /// Steps 2 and 3: asks for an executor and waits until it is ready.
    async fn get_ready(&mut self, deadline: Instant) -> Result<(), Stop> {
        let limit = deadline.min(Instant::now() + self.limits.ready);
        let timeout_s = i64::try_from(self.limits.total.as_secs()).unwrap_or(i64::MAX);
        let request = self.order.initial_request(timeout_s);
        self.send(request, Step::Asked, limit, Verdict::NotReady)
            .await?;
        let waited = timeout_at(limit, self.wait_until_ready()).await;
        waited.map_err(|_| {
            let seconds = self.limits.ready.min(self.limits.total).as_secs();
            let comment = format!("the miner had no executor ready within {seconds} s");
            Stop(Verdict::NotReady, comment)
        })?
    }

    async fn wait_until_ready(&mut self) -> Result<(), Stop> {
        // a miner may say that it is ready without having accepted before
        let said = |job: &JobAnswers| {
            (job.acceptance.is_some() || job.readiness.is_some()).then(|| job.clone())
        };
        let answers = self.until(said).await.map_err(no_connection)?;
        if let Some(answer) = answers.acceptance {
            if answer.what == Acceptance::Declined {
                let comment = "the miner declined the job".to_owned();
                return Err(Stop(Verdict::Rejected, comment));
            }
            self.reach(Step::Accepted, Some(answer.at));
        }
        let readiness = self.until(|job| job.readiness).await;
        match readiness.map_err(no_connection)?.what {
            Readiness::Ready => Ok(()),
            Readiness::Failed => {
                let comment = "the miner's executor failed to start".to_owned();
                Err(Stop(Verdict::Rejected, comment))
            }
        }
    }

    /// Steps 4 and 5: sends the job and waits for its end.
    async fn run(&mut self, deadline: Instant) -> Result<(Final, Moment), Stop> {
        self.send(
            self.order.job_request(),
            Step::Sent,
            deadline,
            Verdict::TimedOut,
        )
        .await?;
        match timeout_at(deadline, self.until(|job| job.end.clone())).await {
            Ok(Ok(end)) => Ok((end.what, end.at)),
            Ok(Err(closed)) => Err(no_connection(closed)),
            Err(_) => Err(self.too_slow(Verdict::TimedOut)),
        }
    }

    async fn until<T>(&self, found: impl Fn(&JobAnswers) -> Option<T>) -> Result<T, Closed> {
        self.client
            .until(|jobs| jobs.get(&self.order.uuid).and_then(&found))
            .await
    }

    /// Sends a request; a failure to do so is a mishap and, since nothing can come of it, the end.
    async fn send(
        &mut self,
        text: String,
        step: Step,
        limit: Instant,
        late: Verdict,
    ) -> Result<(), Stop> {
        let texts = [text.into()];
        let sent = match timeout_at(limit, self.client.send(&texts)).await {
            Ok(sent) => sent.map_err(no_connection),
            Err(_) => Err(self.too_slow(late)),
        };
        match sent {
            Ok(times) => {
                self.reach(step, times.first().map(|times| times.before));
                Ok(())
            }
            Err(Stop(verdict, comment)) => {
                self.mishaps.push(Mishap {
                    subtype: EventSubtype::MinerSendError,
                    description: comment.clone(),
                });
                Err(Stop(verdict, comment))
            }
        }
    }

    fn too_slow(&self, verdict: Verdict) -> Stop {
        let seconds = self.limits.total.as_secs();
        Stop(verdict, format!("the job was not over after {seconds} s"))
    }

    async fn send_started_receipt(&mut self, deadline: Instant) {
        let left = deadline.saturating_duration_since(Instant::now());
        let payload = StartedReceipt {
            job_uuid: self.order.uuid.clone(),
            miner_hotkey: self.client.address().hotkey.clone(),
            validator_hotkey: self.caller.keypair.hotkey().to_string(),
            executor_class: self.order.executor_class,
            time_accepted: self.caller.clock.now().utc().fixed_offset(),
            max_timeout: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
        };
        let signed = payload.signed(&self.caller.keypair);
        self.receipts.push(ReceiptRow::from(&signed));
        self.send_receipt(ToMiner::StartedReceipt(signed)).await;
    }

    async fn send_finished_receipt(&mut self, began: Moment) {
        let passed_us = self.caller.clock.now().us_since(began);
        let payload = FinishedReceipt {
            job_uuid: self.order.uuid.clone(),
            miner_hotkey: self.client.address().hotkey.clone(),
            validator_hotkey: self.caller.keypair.hotkey().to_string(),
            time_started: began.utc().fixed_offset(),
            time_took_us: time::time_took_us(passed_us.max(0)),
            // jobs of users are not scored
            score_str: number::fixed6(0.0),
        };
        let signed = payload.signed(&self.caller.keypair);
        self.receipts.push(ReceiptRow::from(&signed));
        self.send_receipt(ToMiner::FinishedReceipt(signed)).await;
    }

    async fn send_receipt(&mut self, receipt: ToMiner) {
        let texts = [receipt.to_json().into()];
        let error = match timeout(self.limits.receipt, self.client.send(&texts)).await {
            Ok(Ok(_)) => return,
            Ok(Err(closed)) => closed.to_string(),
            Err(_) => "not taken in time".to_owned(),
        };
        self.mishaps.push(Mishap {
            subtype: EventSubtype::ReceiptSendError,
            description: format!("{} not sent: {error}", receipt.message_type()),
        });
    }
}

fn no_connection(closed: Closed) -> Stop {
    let comment = match closed.0 {
        CloseReason::Unreachable { .. } => format!("the miner cannot be reached: {closed}"),
        _ => closed.to_string(),
    };
    Stop(Verdict::NoConnection, comment)
}
