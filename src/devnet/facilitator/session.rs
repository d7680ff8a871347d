//! One connection of a validator: authentication, jobs to it, updates from it.
//! Every answer is an honest plan, changed by the facilitator's behaviour before it is carried
//! out.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::ws::{Message, WebSocket};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::behaviour::Moment;
use super::desk::Desk;
use super::reply::Reply;
use super::server::Shared;
use super::{Behaviour, Order, ReceivedUpdate, Versions};
use crate::keys::{Hotkey, Signature, verify};
use crate::wire::facilitator::{Authentication, JobStatusUpdate, ResponseStatus};
use crate::wire::{FromFacilitator, ToFacilitator};

/// Characters of an unexpected message that are kept.
const LONGEST_NOTE: usize = 200;

struct Session {
    shared: Arc<Shared>,
    /// Which connection of this facilitator it is, from 0.
    number: usize,
    is_authenticated: bool,
    desk: watch::Receiver<Desk>,
    behaviour: watch::Receiver<Behaviour>,
}

/// The connection is over.
struct Ended;

pub(super) async fn run(
    mut socket: WebSocket,
    shared: Arc<Shared>,
    versions: Versions,
    stop: CancellationToken,
) {
    let number = shared.note(|ledger| {
        ledger.versions.push(versions);
        ledger.connections += 1;
        ledger.connections - 1
    });
    let mut session = Session {
        number,
        is_authenticated: false,
        desk: shared.desk.subscribe(),
        behaviour: shared.behaviour.subscribe(),
        shared,
    };
    // either way the connection ends by being dropped
    let _ = stop.run_until_cancelled(session.serve(&mut socket)).await;
    session.leave();
    session.shared.note(|ledger| ledger.ended += 1);
}

impl Session {
    async fn serve(&mut self, socket: &mut WebSocket) -> Result<Infallible, Ended> {
        let replies = self.replies(Moment::Connect, Vec::new());
        self.carry_out(socket, replies).await?;
        loop {
            tokio::select! {
                biased; // a silence is at once, and a validator that has gone gets no job
                Ok(()) = self.behaviour.changed() => {
                    let present = self.behaviour.borrow_and_update().clone();
                    if self.is_authenticated && present == Behaviour::SilentAfterAuthentication {
                        self.perform(socket, Reply::FallSilent).await?;
                    }
                }
                frame = socket.recv() => match frame {
                    Some(Ok(frame)) => self.receive(socket, frame).await?,
                    Some(Err(_)) | None => return Err(Ended),
                },
                Ok(()) = self.desk.changed() => self.hand_out(socket).await?,
            }
        }
    }

    async fn receive(&mut self, socket: &mut WebSocket, frame: Message) -> Result<(), Ended> {
        match frame {
            Message::Text(text) => self.hear(socket, &text).await,
            Message::Binary(bytes) => {
                let note = format!("a binary frame of {} bytes", bytes.len());
                self.complain(socket, &note, "not a text frame").await
            }
            Message::Ping(_) => {
                self.shared.note(|ledger| ledger.pings += 1);
                Ok(())
            }
            Message::Pong(_) => Ok(()),
            Message::Close(_) => Err(Ended),
        }
    }

    async fn hear(&mut self, socket: &mut WebSocket, text: &str) -> Result<(), Ended> {
        match ToFacilitator::parse(text) {
            Ok(ToFacilitator::Authentication(request)) if !self.is_authenticated => {
                self.authenticate(socket, &request).await
            }
            Ok(ToFacilitator::Authentication(_)) => {
                self.complain(socket, text, "authenticated already").await
            }
            Ok(_) if !self.is_authenticated => {
                self.complain(socket, text, "not authenticated").await
            }
            Ok(ToFacilitator::Heartbeat {}) => {
                self.shared.note(|ledger| ledger.heartbeats += 1);
                let is_answered = self.shared.config.answers_heartbeats;
                let honest = Vec::from_iter(is_answered.then(Reply::success));
                let replies = self.replies(Moment::Heartbeat, honest);
                self.carry_out(socket, replies).await
            }
            Ok(ToFacilitator::JobStatus(update)) => self.update(socket, update).await,
            Ok(ToFacilitator::MachineSpecs(update)) => {
                self.shared.note(|ledger| ledger.specs.push(update));
                let replies = self.replies(Moment::SpecsUpdate, vec![Reply::success()]);
                self.carry_out(socket, replies).await
            }
            Err(error) => self.complain(socket, text, &error.to_string()).await,
        }
    }

    async fn authenticate(
        &mut self,
        socket: &mut WebSocket,
        request: &Authentication,
    ) -> Result<(), Ended> {
        if let Err(finding) = self.check(request) {
            self.shared.note(|ledger| ledger.refused += 1);
            self.perform(socket, Reply::refusal(finding)).await?;
            return self.perform(socket, Reply::Close).await;
        }
        let replies = self.replies(Moment::Authentication, vec![Reply::success()]);
        self.is_authenticated = answer(&replies) == Some(ResponseStatus::Success);
        if self.is_authenticated {
            self.shared.note(|ledger| ledger.authenticated += 1);
            let number = self.number;
            self.shared.desk.send_modify(|desk| desk.serve(number));
        } else {
            self.shared.note(|ledger| ledger.refused += 1);
        }
        self.carry_out(socket, replies).await
    }

    /// A signature of one's own public key, and one that is allowed.
    fn check(&self, request: &Authentication) -> Result<(), &'static str> {
        let mut public = [0; 32];
        hex::decode_to_slice(&request.public_key, &mut public)
            .map_err(|_| "public_key is not 64 hexadecimal digits")?;
        let signature: Signature = request
            .signature
            .parse()
            .map_err(|_| "signature is not 0x and 128 hexadecimal digits")?;
        let hotkey = Hotkey::new(public);
        if !verify(&hotkey, &public, &signature) {
            return Err("the signature does not hold");
        }
        match self.shared.is_allowed(&hotkey) {
            true => Ok(()),
            false => Err("unknown validator"),
        }
    }

    async fn update(
        &mut self,
        socket: &mut WebSocket,
        update: JobStatusUpdate,
    ) -> Result<(), Ended> {
        let replies = self.replies(Moment::StatusUpdate(update.status), vec![Reply::success()]);
        let received = ReceivedUpdate {
            connection: self.number,
            update,
            answer: answer(&replies),
        };
        self.shared.note(|ledger| ledger.updates.push(received));
        self.carry_out(socket, replies).await
    }

    /// Keeps the beginning of a message that should not be there.
    async fn complain(
        &mut self,
        socket: &mut WebSocket,
        message: &str,
        finding: &str,
    ) -> Result<(), Ended> {
        let note = message.chars().take(LONGEST_NOTE).collect();
        self.shared.note(|ledger| ledger.unexpected.push(note));
        self.perform(socket, Reply::refusal(finding)).await
    }

    /// Hands out the next job if there is one for this connection.
    async fn hand_out(&mut self, socket: &mut WebSocket) -> Result<(), Ended> {
        let mut next = None;
        let number = self.number;
        self.shared.desk.send_if_modified(|desk| {
            next = desk.take(number);
            next.is_some() && desk.is_empty()
        });
        let Some(order) = next else {
            return Ok(());
        };
        // there may be more
        self.desk.mark_changed();
        let replies = self.replies(Moment::JobRequest, vec![Reply::HandOut(order)]);
        self.carry_out(socket, replies).await
    }

    /// What is done at this moment in place of `honest`.
    fn replies(&self, moment: Moment, honest: Vec<Reply>) -> Vec<Reply> {
        self.shared.behaviour_at(moment).replies(moment, honest)
    }

    async fn carry_out(
        &mut self,
        socket: &mut WebSocket,
        replies: Vec<Reply>,
    ) -> Result<(), Ended> {
        let mut replies = replies.into_iter();
        while let Some(reply) = replies.next() {
            if self.perform(socket, reply).await.is_err() {
                // a job behind a frame that was too much is the next one again
                replies.for_each(|reply| {
                    if let Reply::HandOut(order) = reply {
                        self.shared.desk.send_modify(|desk| desk.put_back(order));
                    }
                });
                return Err(Ended);
            }
        }
        Ok(())
    }

    async fn perform(&mut self, socket: &mut WebSocket, reply: Reply) -> Result<(), Ended> {
        let frame = match reply {
            Reply::Answer(response) => {
                Message::Text(FromFacilitator::Response(response).to_json().into())
            }
            Reply::HandOut(order) => return self.hand_over(socket, order).await,
            Reply::Text(text) => Message::Text(text.into()),
            Reply::Bytes(bytes) => Message::Binary(bytes.into()),
            Reply::Close => {
                // it ends in any case
                let _ = socket.send(Message::Close(None)).await;
                return Err(Ended);
            }
            Reply::HangUp => return Err(Ended),
            Reply::FallSilent => {
                self.leave();
                return std::future::pending().await;
            }
        };
        socket.send(frame).await.map_err(|_| Ended)
    }

    async fn hand_over(&mut self, socket: &mut WebSocket, order: Order) -> Result<(), Ended> {
        let frame = Message::Text(order.text.clone().into());
        if socket.send(frame).await.is_err() {
            self.shared.desk.send_modify(|desk| desk.put_back(order));
            return Err(Ended);
        }
        self.shared
            .note(|ledger| *ledger.handed_out.entry(order.uuid).or_default() += 1);
        Ok(())
    }

    /// Takes no jobs any more.
    fn leave(&self) {
        let number = self.number;
        self.shared.desk.send_modify(|desk| desk.leave(number));
    }
}

fn answer(replies: &[Reply]) -> Option<ResponseStatus> {
    replies.iter().find_map(|reply| match reply {
        Reply::Answer(response) => Some(response.status),
        _ => None,
    })
}
