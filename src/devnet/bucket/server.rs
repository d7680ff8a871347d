//! The server's port: reads a request, asks who signed it, has it carried out, notes what became
//! of it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State as Shared};
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::b2;
use super::operations::Operation;
use super::reading::no_answer;
use super::refusal::{BUSY, INTERNAL, Refusal};
use super::request::Asked;
use super::signature::signer;
use super::state::{Block, Bucket, Counts, State};
use super::{Behaviour, BucketConfig, Ledger};
use crate::objects::public_read_policy;
use crate::settings::BucketName;

/// A running server; it stops when this is dropped, and what was in its buckets is gone.
pub struct BucketServer {
    inside: Arc<Inside>,
    _ended: DropGuard,
}

struct Inside {
    address: SocketAddr,
    config: BucketConfig,
    state: Mutex<State>,
    behaviour: watch::Sender<Behaviour>,
    ledger: watch::Sender<Ledger>,
    ended: CancellationToken,
}

/// In place of an answer.
enum Fault {
    Refused(Refusal),
    Broken,
}

impl BucketServer {
    /// Binds and serves. To be called inside of a tokio runtime.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub fn start(config: BucketConfig) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, config.port))?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let ended = CancellationToken::new();
        let inside = Arc::new(Inside {
            address,
            behaviour: watch::Sender::new(config.behaviour.clone()),
            config,
            state: Mutex::default(),
            ledger: watch::Sender::default(),
            ended: ended.clone(),
        });
        let router = Router::new()
            .fallback(serve)
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&inside));
        let server = axum::serve(listener, router).into_future();
        tokio::spawn(ended.clone().run_until_cancelled_owned(server));
        Ok(Self {
            inside,
            _ended: ended.drop_guard(),
        })
    }

    /// For `AWS_ENDPOINT_URL` and `BACKUP_B2_API_URL`.
    pub fn url(&self) -> String {
        self.inside.url()
    }

    /// The settings with which `horde` speaks to this server.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let config = &self.inside.config;
        vec![
            ("AWS_ENDPOINT_URL", self.url()),
            ("AWS_ACCESS_KEY_ID", config.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", config.secret_access_key.clone()),
            ("AWS_DEFAULT_REGION", config.region.clone()),
        ]
    }

    /// Makes a bucket that everybody can read, as `horde provision-buckets` leaves it.
    pub fn make_public(&self, name: &BucketName) {
        let region = self.inside.config.region.clone();
        let policy = public_read_policy(name, &region).to_string();
        let bucket = Bucket {
            block: Some(Block {
                block_acls: true,
                ignore_acls: true,
                block_policy: false,
                restrict_buckets: false,
            }),
            policy: Some(policy),
            ..Bucket::new(region)
        };
        let mut state = self.inside.state();
        state.buckets.insert(name.to_string(), bucket);
    }

    /// Makes a bucket that only the key pair can read.
    pub fn make_private(&self, name: &BucketName) {
        let bucket = Bucket::new(self.inside.config.region.clone());
        let mut state = self.inside.state();
        state.buckets.insert(name.to_string(), bucket);
    }

    /// The newest version of an object, whoever may see it.
    pub fn object(&self, bucket: &str, key: &str) -> Option<Bytes> {
        let state = self.inside.state();
        let object = state.buckets.get(bucket)?.objects.get(key)?;
        object
            .versions
            .last()
            .map(|version| version.content.clone())
    }

    /// How many uploads to a bucket have begun and are not finished.
    pub fn unfinished_uploads(&self, bucket: &str) -> usize {
        let state = self.inside.state();
        let bucket = state.buckets.get(bucket);
        bucket.map_or(0, |bucket| bucket.uploads.len())
    }

    /// Behaves like this from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        self.inside.state().counts = Counts::default();
        self.inside.behaviour.send_replace(behaviour);
    }

    /// What it has seen so far.
    pub fn ledger(&self) -> Ledger {
        self.inside.ledger.borrow().clone()
    }
}

impl Inside {
    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: Request<Body>) -> Result<Response, Refusal> {
        let behaviour = self.behaviour.borrow().clone();
        if let Behaviour::Slow(delay) = behaviour {
            sleep(delay).await;
        }
        let mut asked = Asked::read(request, self.config.most_bytes).await?;
        match self.fault(&behaviour, &mut asked) {
            Some(Fault::Refused(refusal)) => return Err(refusal),
            Some(Fault::Broken) => return Ok(no_answer()),
            None => {}
        }
        if let Some(answer) = b2::authorized(&asked, &self.config, &self.url()) {
            return Ok(answer);
        }
        let operation = Operation {
            signer: signer(&asked, &self.config, Utc::now())?,
            asked: &asked,
            config: &self.config,
            behaviour: &behaviour,
        };
        let answer = operation.carry_out(&mut self.state());
        self.note(&asked, answer.is_ok());
        answer
    }

    /// What goes wrong with a request whatever it asks for.
    fn fault(&self, behaviour: &Behaviour, asked: &mut Asked) -> Option<Fault> {
        let counts = &mut self.state().counts;
        counts.requests += 1;
        match behaviour {
            Behaviour::FailsNowAndThen { every } => {
                let fails = counts.requests.is_multiple_of(*every.max(&1));
                fails.then_some(Fault::Refused(INTERNAL))
            }
            Behaviour::FailsAfter { requests } => {
                (counts.requests > *requests).then_some(Fault::Refused(INTERNAL))
            }
            Behaviour::Busy { times } => {
                (counts.requests <= *times).then_some(Fault::Refused(BUSY))
            }
            Behaviour::Vanishes { after_parts } => {
                (counts.parts >= *after_parts).then_some(Fault::Broken)
            }
            Behaviour::Garbles { times } if counts.garbled < *times && !asked.body.is_empty() => {
                counts.garbled += 1;
                let mut body = asked.body.to_vec();
                body[0] ^= 1;
                asked.body = body.into();
                None
            }
            _ => None,
        }
    }

    fn note(&self, asked: &Asked, is_done: bool) {
        let (bucket, key) = asked.target();
        if key.is_empty() {
            return;
        }
        let object = format!("{bucket}/{key}");
        let is_of_upload = asked.parameter("uploadId").is_some();
        self.ledger.send_modify(|ledger| {
            let counts = match asked.method.as_str() {
                "PUT" if is_done && is_of_upload => &mut ledger.parts,
                "PUT" if is_done => &mut ledger.puts,
                "POST" if is_done && is_of_upload => &mut ledger.puts,
                "DELETE" if is_done && !is_of_upload => &mut ledger.deletes,
                "GET" => &mut ledger.gets,
                _ => return,
            };
            *counts.entry(object).or_default() += 1;
        });
    }
}

async fn serve(Shared(inside): Shared<Arc<Inside>>, request: Request<Body>) -> Response {
    let answer = tokio::select! {
        answer = inside.answer(request) => answer,
        () = inside.ended.cancelled() => Err(INTERNAL),
    };
    inside.ledger.send_modify(|ledger| {
        ledger.requests += 1;
        if let Err(refusal) = &answer {
            *ledger.refused.entry(refusal.code).or_default() += 1;
        }
    });
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    // one connection, one request: nothing is left open when the server ends
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
