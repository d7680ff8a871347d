//! A miner made for one test: a websocket server on loopback that does what the test says.

use std::future::Future;

use futures_util::{SinkExt, StreamExt};
use horde_validator::miner::MinerAddress;
use horde_validator::wire::ToMiner;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

pub(crate) struct Peer {
    pub(crate) address: MinerAddress,
    _connections: JoinSet<()>,
}

impl Peer {
    /// Serves every connection with `behave`.
    pub(crate) async fn new<F>(hotkey: &str, behave: impl Fn(Line) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let address = MinerAddress {
            hotkey: hotkey.into(),
            host: "127.0.0.1".into(),
            port,
        };
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                if let Ok(socket) = tokio_tungstenite::accept_async(socket).await {
                    open.spawn(behave(Line(socket)));
                }
            }
        });
        Self {
            address,
            _connections: connections,
        }
    }
}

/// The miner's end of one connection.
pub(crate) struct Line(pub(crate) WebSocketStream<TcpStream>);

impl Line {
    /// The validator's next message, or `None` after it has gone.
    pub(crate) async fn hear(&mut self) -> Option<ToMiner> {
        loop {
            match self.0.next().await?.ok()? {
                Message::Text(text) => {
                    return Some(ToMiner::parse(&text).expect("a validator speaks the protocol"));
                }
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    pub(crate) async fn say(&mut self, text: impl Into<String>) {
        // the validator may have gone in the meantime
        let _ = self.0.send(Message::text(text.into())).await;
    }

    /// Takes the authentication and answers with this many executors.
    pub(crate) async fn introduce(&mut self, class: &str, count: u64) {
        let first = self.hear().await;
        assert!(matches!(first, Some(ToMiner::Authenticate(_))), "{first:?}");
        self.say(manifest(class, count)).await;
    }

    /// Listens until the validator goes.
    pub(crate) async fn stay(mut self) {
        while self.hear().await.is_some() {}
    }
}

pub(crate) fn manifest(class: &str, count: u64) -> String {
    let classes = json!([{"executor_class": class, "count": count}]);
    json!({"message_type": "V0ExecutorManifestRequest", "manifest": {"executor_classes": classes}})
        .to_string()
}

/// A message that carries only the job's uuid.
pub(crate) fn about(message_type: &str, job_uuid: &str) -> String {
    json!({"message_type": message_type, "job_uuid": job_uuid}).to_string()
}

pub(crate) fn finished(job_uuid: &str, stdout: &str) -> String {
    json!({
        "message_type": "V0JobFinishedRequest",
        "job_uuid": job_uuid,
        "docker_process_stdout": stdout,
        "docker_process_stderr": "",
    })
    .to_string()
}
