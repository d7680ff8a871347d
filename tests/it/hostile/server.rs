//! Miners that are written for one misdeed, on sockets of their own.

use std::net::SocketAddr;
use std::sync::Arc;

use horde_validator::devnet::miner::{Miner, Step};
use horde_validator::wire::ToMiner;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::kind::Kind;
use super::messages::slander;
use super::scene::CLASS;
use super::sockets::Socket;
use crate::peer::{Line, about, finished, manifest};

/// A miner that is no honest one for a moment; it stops when this is dropped.
pub(super) struct Hostile {
    pub(super) address: SocketAddr,
    _serving: JoinSet<()>,
}

impl Hostile {
    /// `honest`: those of whom it speaks.
    pub(super) async fn start(kind: Kind, honest: Arc<Vec<Miner>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            if kind == Kind::Socket(Socket::HalfOpen) {
                // as long as it is not closed, the system completes connections
                std::future::pending::<()>().await;
            }
            let mut open = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                open.spawn(serve(kind.clone(), socket, honest.clone()));
            }
        });
        Self {
            address,
            _serving: serving,
        }
    }
}

async fn serve(kind: Kind, socket: TcpStream, honest: Arc<Vec<Miner>>) {
    if let Kind::Socket(how) = kind {
        return how.serve(socket).await;
    }
    let Ok(socket) = tokio_tungstenite::accept_async(socket).await else {
        return;
    };
    let mut line = Line(socket);
    line.hear().await;
    match kind {
        Kind::Says(text, Step::Manifest) => line.say(text.at(Step::Manifest, "")).await,
        Kind::Frames(frames) => frames.send(line.0.get_mut()).await,
        Kind::FramesAtWork(frames) => {
            line.say(manifest(CLASS.name(), 1)).await;
            frames.send(line.0.get_mut()).await;
        }
        Kind::Claims => line.say(manifest(CLASS.name(), 1_000_000_000)).await,
        _ => {
            line.say(manifest(CLASS.name(), 1)).await;
            while let Some(message) = line.hear().await {
                for text in answers(&kind, message, &honest) {
                    line.say(text).await;
                }
            }
        }
    }
    line.stay().await;
}

fn answers(kind: &Kind, message: ToMiner, honest: &[Miner]) -> Vec<String> {
    match (message, kind) {
        (ToMiner::InitialJob(_), Kind::Invents) => {
            let invented = (0..10_000).map(|number| format!("job {number}"));
            invented.map(|uuid| finished(&uuid, "right")).collect()
        }
        (ToMiner::InitialJob(job), _) => ["V0AcceptJobRequest", "V0ExecutorReadyRequest"]
            .map(|kind| about(kind, &job.job_uuid))
            .to_vec(),
        (ToMiner::Job(job), Kind::Repeats) => vec![finished(&job.job_uuid, "wrong"); 1_000],
        (ToMiner::Job(job), Kind::Says(text, step)) => vec![text.at(*step, &job.job_uuid)],
        (ToMiner::Job(_), Kind::Slanders) => {
            let ledgers = honest.iter().map(Miner::ledger);
            let jobs = ledgers.flat_map(|ledger| ledger.initial_requests.into_keys());
            jobs.flat_map(|uuid| slander(&uuid)).collect()
        }
        _ => Vec::new(),
    }
}
