//! A place on loopback that takes whatever is put there, and remembers it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use tokio::task::JoinSet;

#[derive(Clone, Debug)]
pub(crate) struct Put {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

type Seen = Arc<Mutex<Vec<Put>>>;

pub(crate) struct Puts {
    address: SocketAddr,
    seen: Seen,
    _server: JoinSet<()>,
}

impl Puts {
    /// Answers everything with this status.
    pub(crate) async fn answering(status: StatusCode) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let seen = Seen::default();
        let take = move |State(seen): State<Seen>, method, uri: Uri, headers, body| async move {
            let path = uri.to_string();
            seen.lock().expect("no test panics there").push(Put {
                method,
                path,
                headers,
                body,
            });
            status
        };
        let router = Router::new().fallback(take).with_state(Arc::clone(&seen));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.expect("serving") });
        Self {
            address,
            seen,
            _server: server,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Put> {
        self.seen.lock().expect("no test panics there").clone()
    }
}
