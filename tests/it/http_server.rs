//! A web server on loopback that answers as it was told to and remembers what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{Request, Response};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// How one request is answered.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Status(u16),
    /// Status 200.
    Body(String),
    /// Never.
    Hang,
}

/// A request that came. Names of headers are in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// Runs on a thread of its own until it is dropped.
pub(crate) struct HttpServer {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    _stop: oneshot::Sender<()>,
}

struct Shared {
    answers: VecDeque<Answer>,
    asked: Vec<Asked>,
}

impl HttpServer {
    /// Gives these answers in turn, and the last one from then on.
    pub(crate) fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let shared = Arc::new(Mutex::new(Shared {
            answers: answers.into_iter().collect(),
            asked: Vec::new(),
        }));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("it can be awaited");
        let address = listener.local_addr().expect("it is bound");
        let (stop, stopped) = oneshot::channel();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("in a runtime");
                tokio::select! {
                    served = axum::serve(listener, router) => served.expect("it serves"),
                    _ = stopped => (),
                }
            });
        });
        Self {
            address,
            shared,
            _stop: stop,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it is to answer from now on.
    pub(crate) fn answer_with(&self, answers: impl IntoIterator<Item = Answer>) {
        let mut shared = self.shared.lock().expect("no panic");
        shared.answers = answers.into_iter().collect();
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.lock().expect("no panic").asked.clone()
    }
}

async fn answer(
    State(shared): State<Arc<Mutex<Shared>>>,
    request: Request<axum::body::Body>,
) -> Response<String> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX)
        .await
        .expect("it came whole");
    let headers = head.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.to_string(), value.into_owned())
    });
    let asked = Asked {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: headers.collect(),
        body: String::from_utf8(body.into()).expect("a text"),
    };
    let answer = {
        let mut shared = shared.lock().expect("no panic");
        shared.asked.push(asked);
        match shared.answers.len() {
            0 | 1 => shared.answers.front().cloned(),
            _ => shared.answers.pop_front(),
        }
    };
    let (status, body) = match answer.expect("an answer was given to it") {
        Answer::Status(status) => (status, String::new()),
        Answer::Body(body) => (200, body),
        Answer::Hang => pending().await,
    };
    let answer = Response::builder().status(status).body(body);
    answer.expect("a status that exists")
}
