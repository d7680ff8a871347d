//! Buckets on loopback for tests: keeps what is put, gives it to everybody, and answers for some
//! paths as no bucket should. Checks no signatures.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Method, Request, Response};
use futures_util::{StreamExt, stream};
use tokio::task::JoinHandle;

/// What is answered in place of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Status(u16),
    /// Nothing, ever.
    Hang,
    /// A GiB of one line.
    Huge,
    /// A byte now and then, without an end.
    Drip,
}

#[derive(Default)]
pub(crate) struct Content {
    /// `/bucket/key` -> object.
    pub(crate) objects: BTreeMap<String, Bytes>,
    /// By how paths begin.
    pub(crate) faults: Vec<(String, Fault)>,
    /// Path -> how often it was asked for.
    pub(crate) gets: BTreeMap<String, usize>,
}

pub(crate) struct Shelf {
    address: SocketAddr,
    content: Arc<Mutex<Content>>,
    task: JoinHandle<()>,
}

impl Shelf {
    /// Inside of a tokio runtime.
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("it can be awaited");
        let address = listener.local_addr().expect("it is bound");
        let content = Arc::new(Mutex::new(Content::default()));
        let router = Router::new()
            .fallback(serve)
            .with_state(Arc::clone(&content));
        let task = tokio::spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("in a runtime");
            axum::serve(listener, router).await.expect("it serves");
        });
        Self {
            address,
            content,
            task,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().expect("no panic")
    }

    pub(crate) fn put(&self, path: &str, object: impl Into<Bytes>) {
        self.content()
            .objects
            .insert(path.to_owned(), object.into());
    }

    /// The settings with which `horde` uses it.
    pub(crate) fn settings(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ACCESS_KEY_ID", "key".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_ENDPOINT_URL", self.url("")),
            ("S3_BUCKET_NAME_PROMPTS", "prompts".to_owned()),
            ("S3_BUCKET_NAME_ANSWERS", "answers".to_owned()),
        ]
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    State(content): State<Arc<Mutex<Content>>>,
    request: Request<Body>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let fault = {
        let content = content.lock().expect("no panic");
        let mut faults = content.faults.iter();
        let found = faults.find(|(prefix, _)| path.starts_with(prefix));
        found.map(|(_, fault)| *fault)
    };
    match fault {
        Some(Fault::Status(status)) => answer(status, Body::empty()),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Huge) => answer(200, endless(1 << 14, vec![b'x'; 1 << 16], 0)),
        Some(Fault::Drip) => answer(200, endless(usize::MAX, b"x".to_vec(), 200)),
        None if head.method == Method::PUT => {
            let object = axum::body::to_bytes(body, usize::MAX).await;
            let object = object.expect("it came whole");
            let mut content = content.lock().expect("no panic");
            content.objects.insert(path, object);
            answer(200, Body::empty())
        }
        None => {
            let mut content = content.lock().expect("no panic");
            *content.gets.entry(path.clone()).or_default() += 1;
            match content.objects.get(&path) {
                Some(object) => answer(200, object.clone().into()),
                None => answer(404, Body::empty()),
            }
        }
    }
}

fn endless(pieces: usize, piece: Vec<u8>, pause_ms: u64) -> Body {
    let piece = Bytes::from(piece);
    Body::from_stream(stream::iter(0..pieces).then(move |_| {
        let piece = piece.clone();
        async move {
            tokio::time::sleep(std::time::Duration::from_millis(pause_ms)).await;
            Ok::<_, std::io::Error>(piece)
        }
    }))
}

fn answer(status: u16, body: Body) -> Response<Body> {
    let answer = Response::builder().status(status).body(body);
    answer.expect("a status that exists")
}
