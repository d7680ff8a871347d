//! One connection of a validator: authentication, jobs, receipts.
//! Every answer is an honest plan, changed by the miner's behaviour, carried out by a task of
//! its own, so that many jobs run beside each other.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::ws::{Message, WebSocket};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Step;
use super::behaviour::{manifest, refusal};
use super::container::{self, Task};
use super::receipts::{Receipt, holds};
use super::reply::Reply;
use super::server::Shared;
use crate::keys::{Hotkey, Signature, verify};
use crate::wire::from_miner::UnauthorizedCode;
use crate::wire::to_miner::{InitialJob, Job, Signed};
use crate::wire::{AuthenticationPayload, FromMiner, GenericError, ToMiner, Volume};

/// Frames that may wait for a slow validator.
const OUTGOING_FRAMES: usize = 64;

struct Session {
    shared: Arc<Shared>,
    validator: String,
    /// Which connection of this miner it is, from 0.
    number: usize,
    is_authenticated: bool,
    /// Volumes of initial requests, by job.
    volumes: HashMap<String, Option<Volume>>,
    plans: JoinSet<()>,
    outgoing: mpsc::Sender<Message>,
}

pub(super) async fn run(mut socket: WebSocket, shared: Arc<Shared>, validator: String) {
    let number = shared.connections.fetch_add(1, Ordering::Relaxed);
    shared.ledger().connections += 1;
    if shared.config.behaviour.closes_at(Step::Connect, number) {
        let _ = socket.send(Message::Close(None)).await;
        return;
    }
    let stop = shared.stop.clone();
    let (mut sink, mut stream) = socket.split();
    let (outgoing, mut frames) = mpsc::channel(OUTGOING_FRAMES);
    let mut session = Session {
        shared,
        validator,
        number,
        is_authenticated: false,
        volumes: HashMap::new(),
        plans: JoinSet::new(),
        outgoing,
    };
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(frame) = frames.recv() => {
                let is_last = matches!(frame, Message::Close(_));
                if sink.send(frame).await.is_err() || is_last {
                    break;
                }
            }
            incoming = stream.next() => match incoming {
                Some(Ok(Message::Text(text))) => session.receive(&text),
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => (),
            },
            Some(_) = session.plans.join_next() => (),
        }
    }
}

impl Session {
    fn receive(&mut self, text: &str) {
        let replies = match ToMiner::parse(text) {
            Ok(ToMiner::Authenticate(request)) => self.authenticate(&request),
            Ok(ToMiner::GenericError(GenericError { details })) => {
                self.shared
                    .ledger()
                    .complaints
                    .push(details.unwrap_or_default());
                return;
            }
            Ok(_) if !self.is_authenticated => self.refuse(UnauthorizedCode::UnknownValidator),
            Ok(ToMiner::InitialJob(request)) => self.initial_job(request),
            Ok(ToMiner::Job(request)) => self.job(request),
            Ok(ToMiner::StartedReceipt(signed)) => {
                let ours = self.receipt(&signed);
                self.shared
                    .ledger()
                    .started_receipts
                    .extend(ours.then_some(signed.payload));
                self.after_receipt()
            }
            Ok(ToMiner::FinishedReceipt(signed)) => {
                let ours = self.receipt(&signed);
                self.shared
                    .ledger()
                    .finished_receipts
                    .extend(ours.then_some(signed.payload));
                self.after_receipt()
            }
            Ok(ToMiner::MachineSpecs(_)) => return,
            Err(error) => vec![complaint(error.to_string())],
        };
        self.carry_out(replies);
    }

    fn authenticate(&mut self, request: &Signed<AuthenticationPayload>) -> Vec<Reply> {
        if let Err(code) = self.check(request) {
            return self.refuse(code);
        }
        self.is_authenticated = true;
        self.shared.ledger().authenticated += 1;
        vec![manifest(&self.shared.config.executors)]
    }

    /// Own hotkey, the hotkey of the path, a fresh timestamp and a signature that holds.
    fn check(&self, request: &Signed<AuthenticationPayload>) -> Result<(), UnauthorizedCode> {
        let payload = &request.payload;
        let age_s = chrono::Utc::now()
            .timestamp()
            .saturating_sub(payload.timestamp);
        let is_old = u64::try_from(age_s)
            .is_ok_and(|age_s| age_s > self.shared.config.max_token_age.as_secs());
        if is_old {
            return Err(UnauthorizedCode::TokenTooOld);
        }
        let is_signed = match (
            payload.validator_hotkey.parse::<Hotkey>(),
            request.signature.parse::<Signature>(),
        ) {
            (Ok(validator), Ok(signature)) => {
                verify(&validator, payload.blob().as_bytes(), &signature)
            }
            _ => false,
        };
        let is_for_us = payload.miner_hotkey == self.shared.hotkey.to_string();
        if is_signed && is_for_us && payload.validator_hotkey == self.validator {
            Ok(())
        } else {
            Err(UnauthorizedCode::UnknownValidator)
        }
    }

    fn refuse(&self, code: UnauthorizedCode) -> Vec<Reply> {
        self.shared.ledger().refused += 1;
        vec![refusal(code), Reply::Close]
    }

    fn initial_job(&mut self, request: InitialJob) -> Vec<Reply> {
        let job_uuid = request.job_uuid;
        *self
            .shared
            .ledger()
            .initial_requests
            .entry(job_uuid.clone())
            .or_default() += 1;
        let replies = vec![
            Reply::accept(&job_uuid),
            Reply::Wait(self.shared.config.spin_up),
            Reply::ready(&job_uuid),
        ];
        self.volumes.insert(job_uuid, request.volume);
        replies
    }

    fn job(&mut self, request: Job) -> Vec<Reply> {
        let job_uuid = request.job_uuid;
        *self
            .shared
            .ledger()
            .job_requests
            .entry(job_uuid.clone())
            .or_default() += 1;
        let volume = match (self.volumes.remove(&job_uuid), request.volume) {
            (None, _) => return vec![complaint(format!("unknown job `{job_uuid}`"))],
            (Some(Some(_)), Some(_)) => {
                return vec![complaint(format!("a second volume for job `{job_uuid}`"))];
            }
            (Some(first), second) => first.or(second),
        };
        let task = Task {
            docker_image: request.docker_image_name.unwrap_or_default(),
            volume,
            docker_run_cmd: request.docker_run_cmd,
            output_upload: request.output_upload,
            cheat: self.shared.config.behaviour.cheat(),
        };
        vec![
            Reply::Wait(self.shared.config.job_delay),
            Reply::Solve { job_uuid, task },
        ]
    }

    /// Publishes a receipt that holds; says whether it does.
    fn receipt<R: Receipt>(&self, signed: &Signed<R>) -> bool {
        let is_ours = holds(signed, &self.validator, &self.shared.hotkey);
        if is_ours {
            self.shared
                .receipts()
                .add(signed, &self.shared.config.keypair);
        } else {
            self.shared.ledger().refused_receipts += 1;
        }
        is_ours
    }

    fn after_receipt(&self) -> Vec<Reply> {
        let closes = self
            .shared
            .config
            .behaviour
            .closes_at(Step::Receipt, self.number);
        Vec::from_iter(closes.then_some(Reply::Close))
    }

    fn carry_out(&mut self, honest: Vec<Reply>) {
        let replies = self.shared.config.behaviour.replies(honest, self.number);
        let outgoing = self.outgoing.clone();
        self.plans.spawn(async move {
            for reply in replies {
                let Some(frame) = perform(reply).await else {
                    continue;
                };
                if outgoing.send(frame).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// The frame that a reply comes to, if any.
async fn perform(reply: Reply) -> Option<Message> {
    Some(match reply {
        Reply::Say(message) => Message::Text(message.to_json().into()),
        Reply::Text(text) => Message::Text(text.into()),
        Reply::Bytes(bytes) => Message::Binary(bytes.into()),
        Reply::Close => Message::Close(None),
        Reply::Wait(delay) => {
            tokio::time::sleep(delay).await;
            return None;
        }
        Reply::Solve { job_uuid, task } => {
            let reply = Reply::ended(&job_uuid, container::run(task).await);
            return Box::pin(perform(reply)).await;
        }
    })
}

fn complaint(details: String) -> Reply {
    Reply::Say(FromMiner::GenericError(GenericError {
        details: Some(details),
    }))
}
